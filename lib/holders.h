/*
 * Which processes have objects of /dev/shm mapped or open, as /proc tells it.
 *
 * For people: it sees the processes of our own pid namespace and those below it that we may look
 * into, each at a moment of its own. What decides is in claim.h.
 */
#ifndef SHMCAST_HOLDERS_H
#define SHMCAST_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct holders;

struct holders_process {
    uint32_t pid;        /* as we see it */
    uint32_t inner_pid;  /* as it sees itself, in its own pid namespace */
    uint64_t pid_ns;     /* inode of that namespace; 0: unknown */
    uint64_t start_time; /* clock ticks after boot, field 22 of /proc/PID/stat */
    char command[17];    /* printable, NUL-terminated */
};

/* One process and one object. */
struct holders_use {
    struct holders_process process;
    uint64_t inode;
    bool mapped, open;
    bool nameless;  /* the object has no name any more */
    char name[256]; /* its last one, as this process knew it; "" when it never had one */
    char path[64];  /* leads to the object even without a name, for who may open it */
};

/* Looks through /proc, ourselves left out. NULL with errno. The caller ends with holders_free. */
struct holders *holders_look(void);
void holders_free(struct holders *holders); /* NULL is allowed; errno survives */

/* Those who have the object, ordered by pid; *count of them. They live as long as holders. With
 * none, what is returned must not be looked at. */
const struct holders_use *holders_of(const struct holders *holders, uint64_t inode, size_t *count);

/* All, ordered by inode. */
const struct holders_use *holders_all(const struct holders *holders, size_t *count);

/* Processes that we had no permission to look into. */
unsigned holders_hidden(const struct holders *holders);

/* What /proc tells of a pid of ours: 1, or 0 when there is no such process. */
int holders_process(uint32_t pid, struct holders_process *out);

/* Inode of our own pid namespace, 0: unknown. */
uint64_t holders_pid_ns(void);

#endif
