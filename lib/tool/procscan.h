/*
 * Which processes have objects of /dev/shm mapped or open, as /proc tells it.
 *
 * For people: it sees the processes of our own pid namespace and those below it that we may look
 * into, each at a moment of its own. What decides is in claim.h.
 */
#ifndef SHMCAST_PROCSCAN_H
#define SHMCAST_PROCSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procscan;

struct procscan_process {
    uint32_t pid;        /* as we see it */
    uint32_t inner_pid;  /* as it sees itself, in its own pid namespace */
    uint64_t pid_ns;     /* inode of that namespace; 0: unknown */
    uint64_t start_time; /* clock ticks after boot, field 22 of /proc/PID/stat */
    char command[17];    /* printable, NUL-terminated */
};

/* One process and one object. */
struct procscan_use {
    struct procscan_process process;
    uint64_t inode;
    bool mapped, open;
    bool nameless;  /* the object has no name any more */
    char name[256]; /* its last one, as this process knew it; "" when it never had one */
    char path[64];  /* leads to the object even without a name, for who may open it */
};

/* Looks through /proc, ourselves left out. NULL with errno. The caller ends with procscan_free. */
struct procscan *procscan_run(void);
void procscan_free(struct procscan *holders); /* NULL is allowed; errno survives */

/* Those who have the object, ordered by pid; *count of them. They live as long as holders. With
 * none, what is returned must not be looked at. */
const struct procscan_use *procscan_of(const struct procscan *holders, uint64_t inode,
                                       size_t *count);

/* All, ordered by inode. */
const struct procscan_use *procscan_all(const struct procscan *holders, size_t *count);

/* Processes that we had no permission to look into. */
unsigned procscan_hidden(const struct procscan *holders);

/* What /proc tells of a pid of ours: 1, or 0 when there is no such process. */
int procscan_process(uint32_t pid, struct procscan_process *out);

/* Inode of our own pid namespace, 0: unknown. */
uint64_t procscan_pid_ns(void);

#endif
