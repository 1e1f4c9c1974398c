#include "fsusage.h"
#include <glob.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "stream.h"
#include "text.h"

enum {
    CONTAINER_BYTES = 64 << 20, /* default size in a container */
    SYSTEM_UID_MAX = 999        /* logind leaves the objects of system users alone */
};

__attribute__((format(printf, 2, 3))) static void warn(struct fsusage *usage, const char *format,
                                                       ...)
{
    va_list args;
    if (usage->warning_count == FSUSAGE_WARNINGS)
        return;
    va_start(args, format);
    vsnprintf(usage->warnings[usage->warning_count++], sizeof usage->warnings[0], format, args);
    va_end(args);
}

/* Sets *on if the file sets RemoveIPC. */
static void read_remove_ipc(const char *path, bool *on)
{
    char line[512], value[16];
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, " RemoveIPC = %15s", value) == 1)
            *on = strcasecmp(value, "no") && strcasecmp(value, "false") &&
                  strcasecmp(value, "off") && strcmp(value, "0");
    if (f)
        fclose(f);
}

static int by_file_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcmp(strrchr(x, '/'), strrchr(y, '/'));
    return order ? order : (x > y) - (x < y);
}

/* Whether logind runs with RemoveIPC on. */
static bool removes_ipc(void)
{
    static const char *const dirs[] = {"/usr/lib", "/usr/local/lib", "/run", "/etc"};
    bool on = true; /* its default */
    glob_t found = {0};
    if (access("/run/systemd/seats", F_OK)) /* made by logind at its start */
        return false;
    read_remove_ipc("/etc/systemd/logind.conf", &on);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "%s/systemd/logind.conf.d/*.conf", dirs[i]);
        glob(pattern, GLOB_NOSORT | (i ? GLOB_APPEND : 0), NULL, &found);
    }
    /* Later names win, whatever directory they are in. */
    if (found.gl_pathc)
        qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_file_name);
    for (size_t i = 0; i < found.gl_pathc; i++)
        read_remove_ipc(found.gl_pathv[i], &on);
    globfree(&found);
    return on;
}

/* Whether the user is subject to RemoveIPC. System users and those that linger are not. */
static bool is_subject(uid_t uid)
{
    char path[128];
    const struct passwd *user = getpwuid(uid);
    if (uid <= SYSTEM_UID_MAX || uid == 65534 || !user)
        return false;
    snprintf(path, sizeof path, "/var/lib/systemd/linger/%s", user->pw_name);
    return access(path, F_OK) != 0;
}

bool fsusage_logind_deletes(uid_t uid)
{
    return is_subject(uid) && removes_ipc();
}

void fsusage_warn_logind(struct fsusage *usage, uid_t uid)
{
    char name[40];
    warn(usage,
         "logind deletes the streams of %s when the last session of %s ends; to keep them, set "
         "RemoveIPC=no in logind.conf, or run loginctl enable-linger",
         text_user(uid, name), name);
}

void fsusage_read(struct fsusage *usage)
{
    struct statvfs fs;
    char all[16], needed[16];
    uint64_t stream = stream_bytes(&(struct stream_spec){0});
    if (access("/proc/self", F_OK))
        warn(usage, "/proc is not mounted: processes are not shown");
    if (statvfs("/dev/shm", &fs))
        return;
    usage->bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    usage->free = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (fs.f_files && !fs.f_ffree)
        warn(usage, "no inodes left in /dev/shm: too many objects; remove some, or raise nr_inodes "
                    "of its mount");
    text_size(stream, needed);
    if (usage->bytes && usage->bytes <= CONTAINER_BYTES)
        warn(usage,
             "/dev/shm has only %s, the default in containers, and a 1280x720 stream takes %s; "
             "start the container with --shm-size",
             text_size(usage->bytes, all), needed);
    else if (usage->bytes && usage->free < stream)
        warn(usage, "no room for another 1280x720 stream, which takes %s", needed);
}
