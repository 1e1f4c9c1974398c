#include "resolve.h"
#include "tool/thread.h"
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct resolve {
    pthread_mutex_t lock; /* protects the members below */
    void (*notify)(void *arg);
    void *arg;
    unsigned users; /* the thread, and the caller of resolve_start */
    int count;      /* -1: not known yet */
    char addresses[RESOLVE_MAX][RESOLVE_TEXT];
    char host[];
};

/* Ends one use. */
static void drop(struct resolve *resolve)
{
    pthread_mutex_lock(&resolve->lock);
    bool last = --resolve->users == 0;
    pthread_mutex_unlock(&resolve->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&resolve->lock);
    free(resolve);
}

static void *look_up(void *arg)
{
    struct resolve *resolve = arg;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int count = 0, status = getaddrinfo(resolve->host, NULL, &hints, &list);
    if (status == EAI_NONAME || status == EAI_ADDRFAMILY) /* loopback, without other interfaces */
        status =
            getaddrinfo(resolve->host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    pthread_mutex_lock(&resolve->lock);
    for (const struct addrinfo *a = status ? NULL : list; a && count < RESOLVE_MAX; a = a->ai_next)
        count += getnameinfo(a->ai_addr, a->ai_addrlen, resolve->addresses[count], RESOLVE_TEXT,
                             NULL, 0, NI_NUMERICHOST) == 0;
    resolve->count = count;
    if (resolve->notify)
        resolve->notify(resolve->arg);
    pthread_mutex_unlock(&resolve->lock);
    if (!status)
        freeaddrinfo(list);
    drop(resolve);
    return NULL;
}

struct resolve *resolve_start(const char *host, void (*notify)(void *arg), void *arg)
{
    pthread_t thread;
    struct resolve *resolve = calloc(1, sizeof *resolve + strlen(host) + 1);
    if (!resolve)
        return NULL;
    pthread_mutex_init(&resolve->lock, NULL);
    resolve->notify = notify;
    resolve->arg = arg;
    resolve->users = 2;
    resolve->count = -1;
    strcpy(resolve->host, host);
    if (thread_start(&thread, look_up, resolve) == 0) {
        pthread_detach(thread);
        return resolve;
    }
    pthread_mutex_destroy(&resolve->lock);
    free(resolve);
    return NULL;
}

int resolve_count(struct resolve *resolve)
{
    pthread_mutex_lock(&resolve->lock);
    int count = resolve->count;
    pthread_mutex_unlock(&resolve->lock);
    return count;
}

const char *resolve_address(const struct resolve *resolve, int i)
{
    return resolve->addresses[i];
}

void resolve_free(struct resolve *resolve)
{
    if (!resolve)
        return;
    pthread_mutex_lock(&resolve->lock);
    resolve->notify = NULL;
    pthread_mutex_unlock(&resolve->lock);
    drop(resolve);
}
