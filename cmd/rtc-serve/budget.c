#include "budget.h"
#include <dirent.h>
#include <ifaddrs.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DESCRIPTORS = 1,             /* of a peer, by libnice; without it, GLib aborts */
    DESCRIPTORS_PER_ADDRESS = 2, /* a peer's socket, and with TURN another */
    PEER_KB = 512,               /* measured: about 250, see rtc-serve(1) */
    SPARE_KB = 64 << 10,         /* for the encoder and the server */
    SPARE_DESCRIPTORS = 4,       /* names and interfaces are looked up */
    SPARE_THREADS = 4            /* the same; a peer has none */
};

unsigned budget_peer_descriptors(void)
{
    struct ifaddrs *all;
    unsigned addresses = 0;
    if (getifaddrs(&all))
        return DESCRIPTORS + 8 * DESCRIPTORS_PER_ADDRESS;
    for (const struct ifaddrs *one = all; one; one = one->ifa_next)
        if (one->ifa_addr &&
            (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6))
            addresses++;
    freeifaddrs(all);
    return DESCRIPTORS + addresses * DESCRIPTORS_PER_ADDRESS;
}

/* The number of descriptors in use; 0 if it cannot be read. */
static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static bool has_descriptors(unsigned wanted)
{
    struct rlimit limit;
    unsigned used = open_descriptors();
    return used && getrlimit(RLIMIT_NOFILE, &limit) == 0 && used + wanted <= limit.rlim_cur;
}

/* The number after prefix, in the first line of a file that begins so; -1: none. */
static long number_in(const char *path, const char *prefix)
{
    char line[256];
    long number = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while (number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, prefix, strlen(prefix)) == 0 &&
            sscanf(line + strlen(prefix), "%ld", &number) != 1)
            break;
    fclose(file);
    return number;
}

/* Threads of all processes of this user, which RLIMIT_NPROC limits. */
static long user_threads(void)
{
    long count = 0;
    DIR *folder = opendir("/proc");
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char path[sizeof entry->d_name + 16];
        struct stat info;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
        if (stat(path, &info) || info.st_uid != getuid())
            continue;
        long threads = number_in(path, "Threads:");
        count += threads > 0 ? threads : 0;
    }
    closedir(folder);
    return count;
}

static bool user_has_threads(unsigned wanted)
{
    struct rlimit limit;
    if (getuid() == 0 || getrlimit(RLIMIT_NPROC, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return true;
    return (rlim_t)user_threads() + wanted <= limit.rlim_cur;
}

/* Checks the limits of our cgroup (version 2) and of those that contain it. */
static bool cgroups_have_threads(unsigned wanted)
{
    char group[PATH_MAX] = "", path[PATH_MAX + 64];
    FILE *file = fopen("/proc/self/cgroup", "re");
    bool found = file && fscanf(file, "0::%4095s", group) == 1;
    if (file)
        fclose(file);
    while (found) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.max", group);
        long most = number_in(path, "");
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/pids.current", group);
        long used = number_in(path, "");
        if (most >= 0 && used >= 0 && used + (long)wanted > most)
            return false;
        char *slash = strrchr(group, '/');
        if (!slash)
            break;
        *slash = 0;
    }
    return true;
}

static bool has_threads(unsigned wanted)
{
    return user_has_threads(wanted) && cgroups_have_threads(wanted);
}

/* Whether the limit leaves this much, after what the line of /proc/self/status counts. */
static bool leaves_memory(const struct rlimit *limit, const char *line, unsigned wanted_kb)
{
    long used = number_in("/proc/self/status", line);
    return used < 0 || limit->rlim_cur == RLIM_INFINITY ||
           ((rlim_t)used + wanted_kb) * 1024 <= limit->rlim_cur;
}

static bool has_memory(unsigned wanted_kb)
{
    struct rlimit space, data;
    return getrlimit(RLIMIT_AS, &space) || getrlimit(RLIMIT_DATA, &data) ||
           (leaves_memory(&space, "VmSize:", wanted_kb) &&
            leaves_memory(&data, "VmData:", wanted_kb));
}

const char *budget_exhausted(unsigned peers, unsigned reserved)
{
    if (!has_descriptors(peers * budget_peer_descriptors() + SPARE_DESCRIPTORS + reserved))
        return "too few descriptors for another viewer; raise the hard limit, ulimit -Hn";
    if (!has_threads(SPARE_THREADS))
        return "too few threads for another viewer; raise the limit of processes, ulimit -u";
    if (!has_memory(peers * PEER_KB + SPARE_KB))
        return "too little memory for another viewer; raise the limits, ulimit -v and ulimit -d";
    return NULL;
}
