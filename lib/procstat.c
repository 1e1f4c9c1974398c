#include "procstat.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool procstat_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = 0;
    return n > 0;
}

bool procstat_read(const char *pid, struct procstat *out)
{
    char path[64], text[1024];
    *out = (struct procstat){0};
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    if (!procstat_text(path, text, sizeof text))
        return false;
    /* "pid (command) state …": the command may contain spaces and parentheses. */
    char *command = strchr(text, '('), *end = strrchr(text, ')'), *p = end;
    if (!command || !end)
        return false;
    for (size_t i = 0; ++command < end && i < sizeof out->command - 1; i++)
        out->command[i] = *command > ' ' && *command < 127 ? *command : '?';
    out->state = end[1] ? end[2] : 0;
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    out->start_time = p ? strtoull(p, NULL, 10) : 0;
    return true;
}

uint64_t procstat_pid_ns(const char *pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
    return stat(path, &st) ? 0 : st.st_ino;
}
