#include "fanout.h"
#include "futex.h"
#include <pthread.h>
#include <stdatomic.h>

enum { PENDING_MAX = 4 /* frames on their way to the transport thread */ };

struct fanout {
    struct loopthread *thread;
    _Atomic uint32_t word;
    _Atomic unsigned count;        /* of sinks */
    _Atomic unsigned pending;      /* frames */
    _Atomic bool skipped;          /* a frame, since the last one that was sent */
    pthread_mutex_t lock;          /* protects the members below */
    GPtrArray *sinks;              /* of struct packetsink */
    struct packetsink_stats total; /* of removed sinks */
};

struct fanout *fanout_new(struct loopthread *thread)
{
    struct fanout *fanout = g_new0(struct fanout, 1);
    fanout->thread = thread;
    pthread_mutex_init(&fanout->lock, NULL);
    fanout->sinks = g_ptr_array_new();
    return fanout;
}

void fanout_free(struct fanout *fanout)
{
    if (!fanout)
        return;
    g_ptr_array_unref(fanout->sinks);
    pthread_mutex_destroy(&fanout->lock);
    g_free(fanout);
}

_Atomic uint32_t *fanout_word(struct fanout *fanout)
{
    return &fanout->word;
}

void fanout_add(struct fanout *fanout, struct packetsink *sink)
{
    pthread_mutex_lock(&fanout->lock);
    g_ptr_array_add(fanout->sinks, sink);
    atomic_store(&fanout->count, fanout->sinks->len);
    pthread_mutex_unlock(&fanout->lock);
    packetsink_request_keyframe(sink);
    futex_wake(&fanout->word);
}

void fanout_remove(struct fanout *fanout, struct packetsink *sink)
{
    pthread_mutex_lock(&fanout->lock);
    bool removed = g_ptr_array_remove_fast(fanout->sinks, sink);
    if (removed)
        packetsink_add_stats(sink, &fanout->total);
    atomic_store(&fanout->count, fanout->sinks->len);
    pthread_mutex_unlock(&fanout->lock);
    if (removed)
        futex_wake(&fanout->word);
}

unsigned fanout_count(const struct fanout *fanout)
{
    return atomic_load(&fanout->count);
}

bool fanout_demand(struct fanout *fanout, uint32_t max, uint32_t *kbit)
{
    bool keyframe = false;
    *kbit = max;
    pthread_mutex_lock(&fanout->lock);
    for (guint i = 0; i < fanout->sinks->len; i++) {
        const struct packetsink *sink = g_ptr_array_index(fanout->sinks, i);
        uint32_t carries = packetsink_bitrate(sink);
        keyframe |= packetsink_wants_keyframe(sink);
        *kbit = carries < *kbit ? carries : *kbit;
    }
    pthread_mutex_unlock(&fanout->lock);
    return keyframe;
}

struct delivery {
    struct fanout *fanout;
    struct encoded_frame frame;
};

static void deliver(gpointer user)
{
    const struct delivery *delivery = user;
    struct fanout *fanout = delivery->fanout;
    bool skipped = atomic_exchange(&fanout->skipped, false);
    pthread_mutex_lock(&fanout->lock);
    for (guint i = 0; i < fanout->sinks->len; i++) {
        struct packetsink *sink = g_ptr_array_index(fanout->sinks, i);
        if (skipped)
            packetsink_skip(sink);
        packetsink_push(sink, &delivery->frame);
    }
    pthread_mutex_unlock(&fanout->lock);
    atomic_fetch_sub(&fanout->pending, 1);
}

static void delivery_free(gpointer user)
{
    struct delivery *delivery = user;
    g_ptr_array_unref(delivery->frame.packets);
    g_free(delivery);
}

static gpointer buffer_ref(gconstpointer buffer, gpointer user)
{
    (void)user;
    return gst_buffer_ref((GstBuffer *)buffer);
}

void fanout_push(struct fanout *fanout, const struct encoded_frame *frame)
{
    if (atomic_load(&fanout->pending) >= PENDING_MAX) {
        atomic_store(&fanout->skipped, true);
        return;
    }
    atomic_fetch_add(&fanout->pending, 1);
    struct delivery *delivery = g_new(struct delivery, 1);
    *delivery = (struct delivery){fanout, *frame};
    delivery->frame.packets = g_ptr_array_copy(frame->packets, buffer_ref, NULL);
    loopthread_invoke(fanout->thread, deliver, delivery, delivery_free);
}

void fanout_stats(struct fanout *fanout, struct packetsink_stats *out)
{
    pthread_mutex_lock(&fanout->lock);
    *out = fanout->total;
    for (guint i = 0; i < fanout->sinks->len; i++)
        packetsink_add_stats(g_ptr_array_index(fanout->sinks, i), out);
    pthread_mutex_unlock(&fanout->lock);
}
