#include "input.h"
#include "fdio.h"
#include "tool/thread.h"
#include "futex.h"
#include "monotonic.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAUSE_MS = 50,     /* text is delivered after a pause this long, */
    LATEST_MS = 500,   /* or this long after its first byte */
    CHUNK = 1 << 16,   /* bytes of a read */
    BACKLOG = 64 << 20 /* bytes at which text is delivered early, to limit memory */
};

struct input {
    int fd;
    bool whole;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t taken;
    _Atomic uint32_t *word;
    /* protected by the lock: */
    char *ready;
    size_t ready_bytes;
    bool ended;
    int error;
    /* private to the thread: */
    struct pollfd poll; /* not on the stack, for the same reason as now_ns */
    char *text;
    size_t bytes, capacity;
    uint64_t first_ns; /* time of arrival of the first byte */
};

static void deliver(struct input *input, bool end, int error)
{
    pthread_mutex_lock(&input->lock);
    while (input->ready && !input->error)
        pthread_cond_wait(&input->taken, &input->lock);
    input->ready = input->text;
    input->ready_bytes = input->bytes;
    input->ended = end;
    input->error = error;
    pthread_mutex_unlock(&input->lock);
    input->text = NULL;
    input->bytes = input->capacity = 0;
    futex_wake(input->word);
}

/* Makes room for a chunk. */
static int reserve_chunk(struct input *input)
{
    if (input->capacity - input->bytes >= CHUNK)
        return 0;
    size_t capacity = input->capacity ? 2 * input->capacity : 2 * CHUNK;
    char *grown = realloc(input->text, capacity);
    if (!grown)
        return -1;
    input->text = grown;
    input->capacity = capacity;
    return 0;
}

/* Out of line: AddressSanitizer takes local variables in the frames of a cancelled thread for an
 * overflow. */
__attribute__((noinline)) static uint64_t now_ns(void)
{
    return monotonic_ns();
}

/* Waits for more. 1; 0 if it is time to deliver; -1 with errno. */
static int wait_for_more(struct input *input)
{
    input->poll = (struct pollfd){.fd = input->fd, .events = POLLIN};
    if (!input->bytes || input->whole)
        return poll(&input->poll, 1, -1);
    uint64_t since = (now_ns() - input->first_ns) / 1000000;
    if (since >= LATEST_MS || input->bytes >= BACKLOG)
        return 0;
    return poll(&input->poll, 1, PAUSE_MS);
}

static void *read_loop(void *arg)
{
    struct input *input = arg;
    for (;;) {
        int got = wait_for_more(input);
        if (got == 0) {
            deliver(input, false, 0);
            continue;
        }
        ssize_t n = got < 0 || reserve_chunk(input)
                        ? -1
                        : fdio_read(input->fd, input->text + input->bytes, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            deliver(input, true, n < 0 ? errno : 0);
            return NULL;
        }
        if (!input->bytes)
            input->first_ns = now_ns();
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
    if (thread_start(&input->thread, read_loop, input) == 0)
        return input;
    int err = errno;
    close(fd);
    free(input);
    errno = err;
    return NULL;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    /* The thread blocks in poll, read or pthread_cond_wait: cancellation points at which it owns
     * nothing that is not freed here. */
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
    int error = input->error, got = input->ready || input->ended;
    *text = input->ready;
    *bytes = input->ready_bytes;
    *end = input->ended;
    input->ready = NULL;
    input->ready_bytes = 0;
    input->ended = false;
    pthread_cond_signal(&input->taken);
    pthread_mutex_unlock(&input->lock);
    if (error) {
        free(*text);
        errno = error;
        return -1;
    }
    return got;
}
