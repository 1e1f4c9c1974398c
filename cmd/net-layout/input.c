#include "input.h"
#include "futex.h"
#include "monotonic.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOMENT_MS = 50,   /* nothing follows for so long: hand over */
    LONGEST_MS = 500, /* or so long after the first byte */
    CHUNK = 1 << 16,
    UNTAKEN = 64 << 20 /* bytes; more is read when they have been taken */
};

struct input {
    int fd;
    bool whole;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t taken;
    _Atomic uint32_t *word;
    /* below the lock: */
    char *ready;
    size_t ready_bytes;
    bool ended;
    int problem;
    /* the thread's: */
    char *text;
    size_t bytes, room;
    uint64_t first_ns; /* when the first of it came */
};

static void hand_over(struct input *input, bool end, int problem)
{
    pthread_mutex_lock(&input->lock);
    while (input->ready && !input->problem)
        pthread_cond_wait(&input->taken, &input->lock);
    input->ready = input->text;
    input->ready_bytes = input->bytes;
    input->ended = end;
    input->problem = problem;
    pthread_mutex_unlock(&input->lock);
    input->text = NULL;
    input->bytes = input->room = 0;
    futex_wake(input->word);
}

/* Room for a chunk more. */
static int make_room(struct input *input)
{
    if (input->room - input->bytes >= CHUNK)
        return 0;
    size_t room = input->room ? 2 * input->room : 2 * CHUNK;
    char *grown = realloc(input->text, room);
    if (!grown)
        return -1;
    input->text = grown;
    input->room = room;
    return 0;
}

/* Waits for more. 1; 0 when it is time to hand over; -1. */
static int wait_for_more(const struct input *input)
{
    struct pollfd in = {.fd = input->fd, .events = POLLIN};
    if (!input->bytes || input->whole)
        return poll(&in, 1, -1);
    uint64_t since = (monotonic_ns() - input->first_ns) / 1000000;
    if (since >= LONGEST_MS || input->bytes >= UNTAKEN)
        return 0;
    return poll(&in, 1, MOMENT_MS);
}

static void *read_on(void *arg)
{
    struct input *input = arg;
    for (;;) {
        int got = wait_for_more(input);
        if (got == 0) {
            hand_over(input, false, 0);
            continue;
        }
        ssize_t n =
            got < 0 || make_room(input) ? -1 : read(input->fd, input->text + input->bytes, CHUNK);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0) {
            hand_over(input, true, n < 0 ? errno : 0);
            return NULL;
        }
        if (!input->bytes)
            input->first_ns = monotonic_ns();
        input->bytes += (size_t)n;
    }
}

struct input *input_open(int fd, bool whole, _Atomic uint32_t *word)
{
    struct input *input = calloc(1, sizeof *input);
    if (!input) {
        close(fd);
        return NULL;
    }
    input->fd = fd;
    input->whole = whole;
    input->word = word;
    pthread_mutex_init(&input->lock, NULL);
    pthread_cond_init(&input->taken, NULL);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(&input->thread, NULL, read_on, input);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!err)
        return input;
    close(fd);
    free(input);
    errno = err;
    return NULL;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    /* It waits in poll, in read or for its turn: points of cancellation, at which it holds nothing
     * that isn't freed here. */
    pthread_cancel(input->thread);
    pthread_join(input->thread, NULL);
    close(input->fd);
    free(input->ready);
    free(input->text);
    free(input);
}

int input_take(struct input *input, char **text, size_t *bytes, bool *end)
{
    pthread_mutex_lock(&input->lock);
    int problem = input->problem, got = input->ready || input->ended;
    *text = input->ready;
    *bytes = input->ready_bytes;
    *end = input->ended;
    input->ready = NULL;
    input->ready_bytes = 0;
    input->ended = false;
    pthread_cond_signal(&input->taken);
    pthread_mutex_unlock(&input->lock);
    if (problem) {
        free(*text);
        errno = problem;
        return -1;
    }
    return got;
}
