/* How full /dev/shm is, and what will bite. */
#include <glob.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "ls.h"
#include "stream.h"

enum {
    CONTAINER_BYTES = 64 << 20, /* /dev/shm of a container, when nobody chose */
    SYSTEM_UID_MAX = 999        /* whose objects logind leaves alone */
};

__attribute__((format(printf, 2, 3))) static void warn(struct ls_space *space, const char *format,
                                                       ...)
{
    va_list args;
    if (space->warning_count == LS_WARNINGS)
        return;
    va_start(args, format);
    vsnprintf(space->warnings[space->warning_count++], sizeof space->warnings[0], format, args);
    va_end(args);
}

/* The value of RemoveIPC in one file, if it is there. */
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

/* Does logind remove a user's objects when the user logs out? */
static bool removes_ipc(void)
{
    static const char *const dirs[] = {"/usr/lib", "/usr/local/lib", "/run", "/etc"};
    bool on = true; /* its default */
    glob_t found = {0};
    if (access("/run/systemd/seats", F_OK)) /* logind makes it when it starts */
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

/* Will logind take this user's objects? Not while the user lingers. */
static bool bites(uid_t uid)
{
    char path[128];
    const struct passwd *user = getpwuid(uid);
    if (uid <= SYSTEM_UID_MAX || uid == 65534 || !user)
        return false;
    snprintf(path, sizeof path, "/var/lib/systemd/linger/%s", user->pw_name);
    return access(path, F_OK) != 0;
}

static void warn_remove_ipc(struct ls_look *look)
{
    uid_t uid = getuid();
    bool found = bites(uid);
    for (size_t i = 0; !found && i < look->count; i++) {
        uid = look->objects[i].st.st_uid;
        found = look->objects[i].stream && bites(uid);
    }
    char name[40];
    if (found && removes_ipc())
        warn(&look->space,
             "logind deletes the streams of %s when the last session of %s ends; RemoveIPC=no in "
             "logind.conf, or loginctl enable-linger, keeps them",
             owner_name(uid, name), name);
}

void space_look(struct ls_look *look)
{
    struct ls_space *space = &look->space;
    struct statvfs fs;
    char all[16], needed[16];
    uint64_t stream = stream_bytes(&(struct stream_spec){0});
    if (statvfs("/dev/shm", &fs))
        return;
    space->bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    space->free = (uint64_t)fs.f_bavail * fs.f_frsize;
    human(stream, needed);
    if (space->bytes && space->bytes <= CONTAINER_BYTES)
        warn(space,
             "/dev/shm has %s in all, as in a container when nobody chose (docker run --shm-size); "
             "a 1280x720 stream takes %s",
             human(space->bytes, all), needed);
    else if (space->bytes && space->free < stream)
        warn(space, "no room for another 1280x720 stream, which takes %s", needed);
    warn_remove_ipc(look);
}
