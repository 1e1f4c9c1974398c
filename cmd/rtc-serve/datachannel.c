#include "datachannel.h"
#include "association.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    SEND_QUEUE = 1 << 16,    /* bytes queued to the peer, besides those that SCTP has taken */
    RECEIVE_QUEUE = 1 << 20, /* bytes queued to the server */
    TEXT_COST = 128,         /* counted there for each text, besides its bytes: its memory */

    /* Payload protocol identifiers (RFC 8831, section 8). */
    CONTROL = 50,
    TEXT = 51,
    TEXT_EMPTY = 56,

    /* Control messages (RFC 8832, section 5). */
    OPEN = 3,
    OPEN_HEAD = 12,
    ACK = 2,
};

struct text {
    struct text *next;
    size_t bytes;
    char data[];
};

struct datachannel {
    struct loopthread *thread;
    const struct datachannel_ops *ops;
    void *user;
    _Atomic size_t received; /* size of the receive queue */

    pthread_mutex_t lock; /* protects the send queue */
    struct text *first, **end;
    size_t queued; /* bytes */
    bool open, flushing;

    /* The transport thread's. */
    struct association *sctp;
    unsigned stream;
    GByteArray *message; /* the parts of a message so far */
};

struct datachannel *datachannel_new(struct loopthread *thread, const struct datachannel_ops *ops,
                                    void *user)
{
    struct datachannel *channel = g_new0(struct datachannel, 1);
    channel->thread = thread;
    channel->ops = ops;
    channel->user = user;
    channel->end = &channel->first;
    pthread_mutex_init(&channel->lock, NULL);
    return channel;
}

void datachannel_free(struct datachannel *channel)
{
    for (struct text *text = channel->first, *next; text; text = next) {
        next = text->next;
        g_free(text);
    }
    pthread_mutex_destroy(&channel->lock);
    g_free(channel);
}

/* Returns true if that changes it. */
static bool set_open(struct datachannel *channel, bool open)
{
    pthread_mutex_lock(&channel->lock);
    bool changed = channel->open != open;
    channel->open = open;
    pthread_mutex_unlock(&channel->lock);
    return changed;
}

void datachannel_close(struct datachannel *channel)
{
    set_open(channel, false);
    association_free(channel->sctp);
    channel->sctp = NULL;
    if (channel->message)
        g_byte_array_unref(channel->message);
    channel->message = NULL;
}

/* --- messages of the peer --- */

static void take_text(struct datachannel *channel, const uint8_t *data, size_t bytes)
{
    size_t size = bytes + TEXT_COST;
    if (atomic_fetch_add(&channel->received, size) + size > RECEIVE_QUEUE) {
        channel->ops->failed(channel->user, "messages faster than the server reads them");
        return;
    }
    char *text = g_malloc(bytes + 1);
    memcpy(text, data, bytes);
    text[bytes] = 0;
    channel->ops->text(channel->user, text, bytes);
}

static void take_control(struct datachannel *channel, unsigned stream, const uint8_t *data,
                         size_t bytes)
{
    static const char name[] = "events";
    static const uint8_t ack = ACK;
    if (bytes < OPEN_HEAD || data[0] != OPEN)
        return;
    size_t label = (size_t)data[8] << 8 | data[9];
    if (stream >= SCTP_STREAMS || label > bytes - OPEN_HEAD ||
        association_send(channel->sctp, stream, CONTROL, &ack, sizeof ack)) {
        channel->ops->failed(channel->user, "a data channel that cannot be opened");
        return;
    }
    if (label != strlen(name) || memcmp(data + OPEN_HEAD, name, label) != 0)
        return;
    channel->stream = stream;
    if (set_open(channel, true))
        channel->ops->open(channel->user);
}

static void on_input(void *user, unsigned stream, uint32_t ppid, const void *data, size_t bytes,
                     bool last)
{
    struct datachannel *channel = user;
    GByteArray *message = channel->message;
    if (message->len + bytes > DATACHANNEL_TEXT_BYTES) {
        channel->ops->failed(channel->user, "a message over 64 KiB");
        return;
    }
    g_byte_array_append(message, data, (guint)bytes);
    if (!last)
        return;
    if (ppid == CONTROL)
        take_control(channel, stream, message->data, message->len);
    else if (ppid == TEXT)
        take_text(channel, message->data, message->len);
    else if (ppid == TEXT_EMPTY) /* has one byte, as SCTP sends no empty messages */
        take_text(channel, message->data, 0);
    else
        channel->ops->failed(channel->user, "a binary message: only text is accepted");
    g_byte_array_set_size(message, 0);
}

/* --- messages to the peer --- */

static struct text *first_text(struct datachannel *channel)
{
    pthread_mutex_lock(&channel->lock);
    struct text *text = channel->first;
    if (!text)
        channel->flushing = false;
    pthread_mutex_unlock(&channel->lock);
    return text;
}

static void remove_first(struct datachannel *channel)
{
    pthread_mutex_lock(&channel->lock);
    struct text *text = channel->first;
    channel->first = text->next;
    if (!channel->first)
        channel->end = &channel->first;
    channel->queued -= text->bytes;
    pthread_mutex_unlock(&channel->lock);
    g_free(text);
}

/* Hands SCTP what it takes. The rest follows when the peer has acknowledged something. */
static void flush(struct datachannel *channel)
{
    for (const struct text *text; channel->sctp && (text = first_text(channel));
         remove_first(channel)) {
        bool empty = !text->bytes;
        if (association_send(channel->sctp, channel->stream, empty ? TEXT_EMPTY : TEXT,
                             empty ? "" : text->data, empty ? 1 : text->bytes) &&
            errno == EWOULDBLOCK)
            break;
    }
}

static void flush_now(gpointer user)
{
    flush(user);
}

static void release_channel(gpointer user)
{
    const struct datachannel *channel = user;
    channel->ops->release(channel->user);
}

int datachannel_send(struct datachannel *channel, const char *text, size_t bytes)
{
    if (bytes > DATACHANNEL_TEXT_BYTES) {
        errno = EMSGSIZE;
        return -1;
    }
    pthread_mutex_lock(&channel->lock);
    bool room = channel->open && channel->queued + bytes <= SEND_QUEUE, idle = false;
    if (room) {
        struct text *added = g_malloc(sizeof *added + bytes);
        added->next = NULL;
        added->bytes = bytes;
        memcpy(added->data, text, bytes);
        *channel->end = added;
        channel->end = &added->next;
        channel->queued += bytes;
        idle = !channel->flushing;
        channel->flushing = true;
    }
    pthread_mutex_unlock(&channel->lock);
    if (idle) {
        channel->ops->hold(channel->user);
        loopthread_invoke(channel->thread, flush_now, channel, release_channel);
    }
    if (room)
        return 0;
    errno = EAGAIN;
    return -1;
}

void datachannel_consumed(struct datachannel *channel, size_t bytes)
{
    atomic_fetch_sub(&channel->received, bytes + TEXT_COST);
}

/* --- the association --- */

static void on_output(void *user, const void *packet, size_t bytes)
{
    const struct datachannel *channel = user;
    channel->ops->output(channel->user, packet, bytes);
}

static void on_reset(void *user, unsigned stream)
{
    struct datachannel *channel = user;
    if (stream == channel->stream)
        set_open(channel, false);
}

static void on_closed(void *user)
{
    const struct datachannel *channel = user;
    channel->ops->failed(channel->user, "the data channel was closed");
}

static const struct association_ops association_ops = {
    .output = on_output,
    .input = on_input,
    .reset = on_reset,
    .closed = on_closed,
};

void datachannel_start(struct datachannel *channel, int port)
{
    channel->message = g_byte_array_new();
    channel->sctp = association_new(channel->thread, port, &association_ops, channel);
    if (!channel->sctp)
        channel->ops->failed(channel->user, "SCTP does not start");
}

void datachannel_input(struct datachannel *channel, const void *packet, size_t bytes)
{
    if (!channel->sctp)
        return;
    association_input(channel->sctp, packet, bytes);
    flush(channel);
}
