/* Shared by the fuzz targets: a check that can't be compiled out, and access to the input. */
#ifndef SHMCAST_FUZZ_H
#define SHMCAST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define CHECK(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what);                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct input {
    const uint8_t *data;
    size_t left;
};

/* The next byte; 0 after the end. */
static inline unsigned take(struct input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->data++;
}

static inline unsigned take16(struct input *in)
{
    unsigned low = take(in);
    return low | take(in) << 8;
}

/* The next bytes, at most *bytes: *bytes becomes the number available. */
static inline const uint8_t *take_bytes(struct input *in, size_t *bytes)
{
    const uint8_t *data = in->data;
    if (*bytes > in->left)
        *bytes = in->left;
    in->data += *bytes;
    in->left -= *bytes;
    return data;
}

static inline uint64_t sum_of(const uint8_t *data, size_t bytes)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV */
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
    return sum;
}

#endif
