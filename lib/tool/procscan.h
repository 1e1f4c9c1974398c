/*
 * Scans /proc for the processes that have objects of /dev/shm mapped or open.
 *
 * For people only: it sees the processes in our pid namespace and below that we have permission to
 * inspect, and each at a different moment. Claims (claim.h) are exact.
 */
#ifndef SHMCAST_PROCSCAN_H
#define SHMCAST_PROCSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procscan;

struct procscan_process {
    uint32_t pid;        /* in our pid namespace */
    uint32_t inner_pid;  /* in its own pid namespace */
    uint64_t pid_ns;     /* inode of that namespace; 0: unknown */
    uint64_t start_time; /* clock ticks after boot, field 22 of /proc/PID/stat */
    char command[17];    /* printable, NUL-terminated */
};

/* One process and one object. */
struct procscan_use {
    struct procscan_process process;
    uint64_t inode;
    bool mapped, open;
    bool nameless;  /* the object has been unlinked */
    char name[256]; /* its last name, as /proc shows it; "": it never had one */
    char path[64];  /* opens the object even if it is unlinked */
};

/* Scans all processes but our own. NULL with errno. The caller ends with procscan_free. */
struct procscan *procscan_run(void);
void procscan_free(struct procscan *scan); /* NULL is allowed; errno survives */

/* The *count processes that have the object, ordered by pid; they live as long as the scan. If
 * *count is 0 the result must not be dereferenced. */
const struct procscan_use *procscan_of(const struct procscan *scan, uint64_t inode, size_t *count);

/* All, ordered by inode. */
const struct procscan_use *procscan_all(const struct procscan *scan, size_t *count);

/* Number of processes that we have no permission to inspect. */
unsigned procscan_hidden(const struct procscan *scan);

/* Reads /proc for a pid of our namespace. 1; 0: no such process. */
int procscan_process(uint32_t pid, struct procscan_process *out);

/* Inode of our own pid namespace, 0: unknown. */
uint64_t procscan_pid_ns(void);

#endif
