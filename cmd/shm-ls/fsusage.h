/* Usage of the file system /dev/shm, and warnings about likely problems. */
#ifndef SHM_LS_FSUSAGE_H
#define SHM_LS_FSUSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FSUSAGE_WARNINGS = 4 };

struct fsusage {
    uint64_t bytes, free;
    char warnings[FSUSAGE_WARNINGS][192];
    size_t warning_count;
};

/* Reads sizes; warns when there is little room, and when /proc is missing. */
void fsusage_read(struct fsusage *usage);

/* Whether systemd-logind deletes the objects of this user when the user's last session ends. */
bool fsusage_logind_deletes(uid_t uid);

/* Warns that logind deletes the streams of this user. */
void fsusage_warn_logind(struct fsusage *usage, uid_t uid);

#endif
