/*
 * bench-wake futex COUNT: two processes wake each other through a futex word; half a round trip.
 * bench-wake path COUNT [BUSY]: two such wake-ups and one round trip over a TCP connection on
 * loopback. Between them the other process is busy for BUSY us, which are subtracted.
 * Prints the median and the 99th percentile in µs. Exit: 0, or 1 with a message.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench.h"
#include "futex.h"
#include "monotonic.h"

enum { WARM_UP = 50 };

struct shared {
    _Atomic uint32_t ping, pong;
};

static void await(_Atomic uint32_t *word, uint32_t seen)
{
    while (atomic_load(word) == seen)
        futex_wait(word, seen, NULL);
}

static void answer(struct shared *shared, int socket, uint64_t busy_ns)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint32_t n = 0;; n++) {
        char byte;
        await(&shared->ping, n);
        bench_spin(busy_ns);
        futex_wake(&shared->pong);
        if (socket >= 0 && (recv(socket, &byte, 1, 0) != 1 || send(socket, &byte, 1, 0) != 1))
            _exit(0);
    }
}

/* Two connected ends. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &size) ||
        connect(ends[0], (struct sockaddr *)&at, size) ||
        (ends[1] = accept(listener, NULL, NULL)) < 0)
        bench_die("loopback");
    for (int i = 0; i < 2; i++)
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(listener);
}

int main(int argc, char **argv)
{
    errno = EINVAL;
    bool path = argc > 2 && argc < 5 && !strcmp(argv[1], "path");
    if (!path && (argc != 3 || strcmp(argv[1], "futex")))
        bench_die("futex COUNT, or path COUNT [BUSY]");
    size_t count = (size_t)bench_number(argv[2]);
    uint64_t busy_ns = argc > 3 ? (uint64_t)bench_number(argv[3]) * 1000 : 0;
    int64_t *ns = bench_alloc(count * sizeof *ns);
    int ends[2] = {-1, -1};
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        bench_die("memory");
    if (path)
        connect_pair(ends);
    pid_t child = fork();
    if (child == 0)
        answer(shared, ends[1], busy_ns);
    if (child < 0)
        bench_die("fork");
    for (uint32_t i = 0; i < count + WARM_UP; i++) {
        char byte = 0;
        bench_gap();
        uint64_t start = monotonic_ns();
        futex_wake(&shared->ping);
        await(&shared->pong, i);
        if (path && (send(ends[0], &byte, 1, 0) != 1 || recv(ends[0], &byte, 1, 0) != 1))
            bench_die("loopback");
        int64_t took = (int64_t)(monotonic_ns() - start - busy_ns);
        if (i >= WARM_UP)
            ns[i - WARM_UP] = path ? took : took / 2;
    }
    bench_percentiles(ns, count);
    kill(child, SIGKILL);
    free(ns);
    return 0;
}
