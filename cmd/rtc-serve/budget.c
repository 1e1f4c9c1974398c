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

/* Measured with GStreamer 1.22: 5 descriptors and a socket per address, 11 threads. With TURN over
 * TCP a peer has two sockets per address. */
enum { DESCRIPTORS = 8, DESCRIPTORS_PER_ADDRESS = 2, THREADS = 12 };

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

const char *budget_exhausted(unsigned peers, unsigned reserved)
{
    if (!has_descriptors(peers * budget_peer_descriptors() + reserved))
        return "too few descriptors for another viewer; raise the hard limit, ulimit -Hn";
    if (!has_threads(peers * THREADS))
        return "too few threads for another viewer; raise the limit of processes, ulimit -u";
    return NULL;
}
