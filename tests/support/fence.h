/* Shared by unit tests: a check that ends the program, and memory beside inaccessible pages. */
#ifndef SHMCAST_FENCE_H
#define SHMCAST_FENCE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHECK(ok, ...)                                                                             \
    do                                                                                             \
        if (!(ok)) {                                                                               \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
            exit(1);                                                                               \
        }                                                                                          \
    while (0)

enum { PAGE = 4096 };

struct fenced {
    uint8_t *map, *data;
    size_t span;
};

/* Memory between two inaccessible pages, adjacent to the second or to the first one. */
static inline struct fenced fence(size_t bytes, bool at_end)
{
    struct fenced f = {.span = (bytes + PAGE - 1) / PAGE * PAGE};
    f.map = mmap(NULL, f.span + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(f.map != MAP_FAILED, "mmap: %s", strerror(errno));
    CHECK(!f.span || !mprotect(f.map + PAGE, f.span, PROT_READ | PROT_WRITE), "mprotect");
    f.data = f.map + PAGE + (at_end ? f.span - bytes : 0);
    return f;
}

static inline void fence_free(struct fenced *f)
{
    munmap(f->map, f->span + 2 * PAGE);
}

#endif
