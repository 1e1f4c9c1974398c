#include "budget.h"
#include "tool/thread.h"
#include <dirent.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

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

static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Starts that many threads at once and ends them again: limits of user, cgroup and kernel cannot
 * all be read. */
static bool has_threads(unsigned wanted)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc(wanted, sizeof *threads);
    unsigned started = 0;
    if (!threads)
        return false;
    pthread_mutex_lock(&gate);
    while (started < wanted && thread_start(&threads[started], wait_for_gate, &gate) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&gate);
    free(threads);
    return started == wanted;
}

const char *budget_exhausted(unsigned peers, unsigned reserved)
{
    if (!has_descriptors(peers * budget_peer_descriptors() + reserved))
        return "too few descriptors for another viewer; raise the hard limit, ulimit -Hn";
    if (!has_threads(peers * THREADS))
        return "too few threads for another viewer; raise the limit of processes, ulimit -u";
    return NULL;
}
