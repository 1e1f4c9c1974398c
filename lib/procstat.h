/* Facts about one process from /proc. */
#ifndef SHMCAST_PROCSTAT_H
#define SHMCAST_PROCSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procstat {
    uint64_t start_time; /* clock ticks after boot: field 22 of /proc/PID/stat */
    char command[17];    /* printable ASCII, NUL-terminated */
    char state;          /* R, S, D, T, …: see proc(5) */
};

/* Reads /proc/PID/stat. pid: decimal digits, or "self". false, and *out all zero, if there is no
 * such process. */
bool procstat_read(const char *pid, struct procstat *out);

/* Inode of the process's pid namespace, or 0 if it cannot be read. pid as for procstat_read. */
uint64_t procstat_pid_ns(const char *pid);

/* Reads a small file of /proc into out as NUL-terminated text, cut to size - 1 bytes. false, and ""
 * in out, if it is empty or cannot be read. */
bool procstat_text(const char *path, char *out, size_t size);

#endif
