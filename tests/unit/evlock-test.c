/*
 * evlock-test NAME ROUNDS WRITERS: in each round WRITERS processes take the event-log lock some
 * hundred times each and are then idle until the next round. Half of them use evlock_lock, half
 * evlock_trylock and evlock_await_free. Meanwhile processes are killed and restarted, or stopped
 * and continued, at random.
 * Checks that no two processes have the lock at once, and that none waits for an idle one: each
 * ends its round.
 * stdout: number of locks, kills and stops. Exit: 0; 1 with the failure on stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "support/random.h"
#include "stream.h"
#include "evlock.h"
#include "futex.h"

enum { WRITERS_MAX = 128, LIVES_MAX = 1 << 20, LOCKS_MAX = 1000, PATIENCE = 60 };

struct shared {
    _Atomic uint64_t locks;
    _Atomic uint64_t wrong;              /* number of violations */
    _Atomic uint32_t inside;             /* the life that has the lock, or 0 */
    _Atomic uint32_t round;              /* futex: the current round */
    _Atomic uint32_t ended[WRITERS_MAX]; /* the last round that each writer has completed */
    _Atomic bool killed[LIVES_MAX];
};
static struct shared *shared;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "evlock-test: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void nap(uint64_t ns_most)
{
    struct timespec t = {0, (long)below(ns_most)};
    nanosleep(&t, NULL);
}

static int take(struct stream *stream, bool by_trylock)
{
    if (!by_trylock)
        return evlock_lock(stream);
    while (evlock_trylock(stream)) {
        if (errno != EBUSY)
            return -1;
        if (evlock_await_free(stream))
            return -1;
    }
    return 0;
}

/* No other process may be inside, except one that was killed before it could leave. */
static void be_inside(uint32_t life)
{
    uint32_t last = atomic_exchange(&shared->inside, life);
    if (last && !atomic_load(&shared->killed[last]))
        atomic_fetch_add(&shared->wrong, 1);
    if (below(500) == 0)
        nap(100000);
    if (atomic_exchange(&shared->inside, 0) != life)
        atomic_fetch_add(&shared->wrong, 1);
    atomic_fetch_add(&shared->locks, 1);
}

static _Noreturn void run_writer(const char *name, uint32_t life, unsigned me)
{
    struct stream *stream = stream_attach(name, STREAM_WRITE);
    if (!stream)
        die(name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    random_state = life;
    for (;;) {
        uint32_t round = atomic_load(&shared->round);
        for (uint64_t left = below(LOCKS_MAX); left > 0; left--) {
            if (take(stream, me % 2))
                die("lock");
            be_inside(life);
            evlock_unlock(stream);
        }
        atomic_store(&shared->ended[me], round);
        while (atomic_load(&shared->round) == round)
            futex_wait(&shared->round, round, NULL);
    }
}

static struct writer {
    pid_t pid;
    uint32_t life;
} writers[WRITERS_MAX];

static uint32_t lives;

static void start(const char *name, unsigned i)
{
    writers[i].life = ++lives;
    writers[i].pid = fork();
    if (writers[i].pid < 0)
        die("fork");
    if (!writers[i].pid)
        run_writer(name, writers[i].life, i);
}

static void end(unsigned i)
{
    int status;
    atomic_store(&shared->killed[writers[i].life], true);
    kill(writers[i].pid, SIGKILL);
    waitpid(writers[i].pid, &status, 0);
    if (!WIFSIGNALED(status))
        exit(1);
}

static void stop(unsigned i)
{
    kill(writers[i].pid, SIGSTOP);
    nap(2000000);
    kill(writers[i].pid, SIGCONT);
}

static void await_all(unsigned count, uint32_t round)
{
    time_t start = time(NULL);
    for (unsigned i = 0; i < count; i++)
        while (atomic_load(&shared->ended[i]) != round) {
            nap(200000);
            errno = ETIMEDOUT;
            if (time(NULL) - start > PATIENCE)
                die("a writer waits forever");
        }
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc == 4 ? (uint32_t)atoi(argv[2]) : 0;
    unsigned count = argc == 4 ? (unsigned)atoi(argv[3]) : 0, kills = 0, stops = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || count < 2 || count > WRITERS_MAX || rounds > LIVES_MAX / 4)
        return 1;
    atomic_store(&shared->round, 1);
    for (unsigned i = 0; i < count; i++)
        start(argv[1], i);
    for (uint32_t round = 1; round <= rounds; round++) {
        for (uint64_t left = below(4); left > 0; left--) {
            unsigned i = (unsigned)below(count);
            nap(200000);
            if (below(4) == 0) {
                stop(i);
                stops++;
            } else {
                end(i);
                start(argv[1], i);
                kills++;
            }
        }
        await_all(count, round);
        futex_wake(&shared->round);
    }
    for (unsigned i = 0; i < count; i++)
        end(i);
    printf("locks %" PRIu64 " kills %u stops %u\n", atomic_load(&shared->locks), kills, stops);
    errno = EPROTO;
    if (atomic_load(&shared->wrong))
        die("two processes had the lock at once");
    return 0;
}
