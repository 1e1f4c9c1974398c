/*
 * The waiter thread touches only mapped memory: the futex words of the packet ring and of the event
 * log, the log's records and the stream's state. It is cancelled only while it sleeps on those
 * words, where it holds no resource, and joined before the stream is unmapped.
 */
#include "served.h"
#include "evlog.h"
#include "futex.h"
#include "pixfmt.h"
#include "stream.h"
#include "tool/cli.h"
#include "tool/streamreader.h"
#include "tool/thread.h"
#include <errno.h>
#include <string.h>

enum {
    IDLE_US = 200000, /* time without a packet, after which the last MJPEG part is sent again, */
    REPEAT_US = 20000000, /* and then between two repetitions, so that no proxy times out */
    WANT_US = 10000,      /* time after which the encoder's attention is sought again */
    STALE_US = 250000,    /* longest time for which an old packet is held back */
    LEASE_US = 2000000    /* time for which a snapshot request keeps the encoder awake */
};

/* Reads the events after *at. True: the drawing program has chosen a cursor. */
static bool find_cursor(struct served *served, uint64_t *at)
{
    struct event events[16];
    uint64_t lost;
    bool found = false;
    for (size_t n; (n = evlog_read(served->reader.stream, at, events, 16, &lost)) || lost;)
        for (size_t i = 0; i < n; i++)
            if (events[i].type == EVENT_CURSOR && !events[i].viewer) {
                atomic_store(&served->cursor_event, events[i].number);
                found = true;
            }
    return found;
}

/* Waits for packets and for cursors; other events don't wake the loop. */
static void *wait_for_news(void *arg)
{
    struct served *served = arg;
    const struct stream *stream = served->reader.stream;
    const struct shmfmt_ring *ring = stream_at(stream, stream_header(stream)->packets_at);
    uint32_t reported = atomic_load(&ring->wake) - 1;
    uint64_t at = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;) {
        struct futex_word packets = {&ring->wake, atomic_load(&ring->wake)};
        struct futex_word events = evlog_seen(stream);
        bool alive = stream_alive(stream) == 0;
        bool cursor = find_cursor(served, &at);
        if (!alive || cursor || (packets.seen != reported && atomic_load(&served->wanted)))
            lws_cancel_service(served->streams->context);
        reported = packets.seen;
        if (!alive)
            return NULL;
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
        futex_wait_two(packets, events, NULL);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    }
}

int served_start(struct served *served)
{
    served->waiter_runs = thread_start(&served->waiter, wait_for_news, served) == 0;
    return served->waiter_runs ? 0 : -1;
}

static void stop_waiter(struct served *served)
{
    if (!served->waiter_runs)
        return;
    pthread_cancel(served->waiter);
    pthread_join(served->waiter, NULL);
    served->waiter_runs = false;
}

static void schedule(struct served *served, lws_sorted_usec_list_t *timer, sul_cb_t callback,
                     lws_usec_t us)
{
    lws_sul_schedule(served->streams->context, 0, timer, callback, us);
}

void served_schedule_reap(struct streams *streams)
{
    if (lws_dll2_is_detached(&streams->reaper.list))
        lws_sul_schedule(streams->context, 0, &streams->reaper, streams->ops->reap, 1);
}

/* There is a new packet, or waiting for one has ended. */
static void settle(struct served *served)
{
    served->stale = false;
    lws_sul_cancel(&served->stale_timer);
    served->streams->ops->pending(served);
    for (struct snapshot_waiter *waiter = served->snapshot_waiters; waiter; waiter = waiter->next)
        waiter->ready(waiter);
}

static void on_stale_timeout(lws_sorted_usec_list_t *timer)
{
    settle(lws_container_of(timer, struct served, stale_timer));
}

static void update_demand(struct served *served);

static void on_want_timeout(lws_sorted_usec_list_t *timer)
{
    update_demand(lws_container_of(timer, struct served, want_timer));
}

/* Passes on to the waiter thread and to the encoder whether packets are wanted. */
static void update_demand(struct served *served)
{
    bool want = served->watcher_count > 0 || served->lease;
    /* Set before the ring is checked: either that check finds the packet, or the waiter reports it.
     */
    atomic_store(&served->wanted, want);
    struct ring *ring = served->reader.rings[RING_PACKETS];
    lws_sul_cancel(&served->want_timer);
    if (!ring)
        return;
    if (!ring_want(ring, want))
        schedule(served, &served->want_timer, on_want_timeout, WANT_US);
    if (!want || served->stale || !ring_stale(ring))
        return;
    served->stale = true;
    schedule(served, &served->stale_timer, on_stale_timeout, STALE_US);
}

static void end_lease(struct served *served)
{
    lws_sul_cancel(&served->lease_timer);
    served->lease = false;
    update_demand(served);
}

static void on_lease_timeout(lws_sorted_usec_list_t *timer)
{
    end_lease(lws_container_of(timer, struct served, lease_timer));
}

/* --- attaching --- */

static int attach(struct served *served)
{
    int result = streamreader_open(&served->reader, served->name, STREAMREADER_PACKETS);
    const struct shmfmt_header *header = result ? NULL : stream_header(served->reader.stream);
    if (header && !pixfmt_is_image(header->format)) {
        errno = ENOMSG;
        result = -1;
    }
    if (result)
        streamreader_close(&served->reader);
    else
        served->generation = header->generation;
    return result;
}

static void drop_packet(struct served *served, struct packet **packet)
{
    if (*packet)
        packet_release(&served->packets, *packet);
    *packet = NULL;
}

static void detach(struct served *served)
{
    stop_waiter(served);
    lws_sul_cancel(&served->want_timer);
    served->streams->ops->detaching(served);
    streamreader_close(&served->reader);
    served->cursor_event = served->cursor_taken = 0;
    served->cursor[0] = 0;
    drop_packet(served, &served->newest);
    drop_packet(served, &served->base);
    if (served->stale)
        settle(served);
}

int served_open(struct served *served, struct streams *streams, const char *name)
{
    *served = (struct served){.streams = streams, .name = name};
    return attach(served);
}

void served_close(struct served *served)
{
    lws_sul_cancel(&served->idle_timer);
    end_lease(served);
    detach(served);
}

int served_follow(struct served *served, int err)
{
    detach(served);
    if (err == ESTALE && attach(served) == 0 && served_start(served) == 0) {
        served->streams->ops->replaced(served);
        update_demand(served);
        return 0;
    }
    if (err == ESTALE && errno != ENOENT)
        cli_warn("%s: %s", served->name, stream_problem(errno));
    detach(served);
    served->streams->live--;
    lws_sul_cancel(&served->idle_timer);
    end_lease(served);
    served->ended = served->streams->stream_ended = true;
    served_schedule_reap(served->streams);
    return -1;
}

/* --- packets --- */

static void on_idle_timeout(lws_sorted_usec_list_t *timer)
{
    struct served *served = lws_container_of(timer, struct served, idle_timer);
    if (served->idle)
        served->repeats++;
    served->idle = true;
    if (served->kinds[VIEWER_MJPEG])
        schedule(served, &served->idle_timer, on_idle_timeout, REPEAT_US);
    served->streams->ops->pending(served);
}

static void restart_idle_timer(struct served *served)
{
    served->idle = false;
    if (served->kinds[VIEWER_MJPEG])
        schedule(served, &served->idle_timer, on_idle_timeout, IDLE_US);
}

static void publish(struct served *served, const struct ring_view *view)
{
    struct packet *packet = packet_copy(&served->packets, view, served->generation);
    if (!packet) /* this packet is lost; memory may suffice for the next */
        return;
    if (served->newest && !served->newest->sharp) {
        drop_packet(served, &served->base);
        served->base = served->newest;
    } else {
        drop_packet(served, &served->newest);
    }
    if (served->base && !packet_sharpens(packet, served->base))
        drop_packet(served, &served->base);
    served->newest = packet;
    restart_idle_timer(served);
    served->streams->ops->packet(served);
}

struct packet *served_newest(struct served *served)
{
    while (served->reader.stream) {
        struct ring_view view;
        int got = ring_pin(served->reader.rings[RING_PACKETS],
                           served->newest ? served->newest->meta.number : 0, &view);
        int err = errno;
        streamreader_report(served->reader.rings[RING_PACKETS], served->name);
        if (got > 0) {
            publish(served, &view);
            ring_unpin(served->reader.rings[RING_PACKETS]);
        }
        if (got >= 0 || (err != ESTALE && err != EIDRM))
            return served->newest;
        served_follow(served, err);
    }
    return NULL;
}

static void take_cursor(struct served *served)
{
    struct event event;
    uint64_t lost, number = atomic_load(&served->cursor_event), at = number - 1;
    if (number == served->cursor_taken)
        return;
    served->cursor_taken = number;
    if (evlog_read(served->reader.stream, &at, &event, 1, &lost) != 1 || !event_valid(&event) ||
        event.type != EVENT_CURSOR)
        return;
    memcpy(served->cursor, event.key, sizeof served->cursor);
    served->streams->ops->cursor(served);
}

void served_update(struct served *served)
{
    if (atomic_load(&served->wanted))
        served_newest(served);
    else if (served->reader.stream && stream_alive(served->reader.stream))
        served_follow(served, errno);
    if (served->reader.stream)
        take_cursor(served);
    if ((!served->stale && !served->lease) || !served->reader.rings[RING_PACKETS] ||
        ring_stale(served->reader.rings[RING_PACKETS]))
        return;
    /* The encoder is awake. */
    if (served->stale)
        settle(served);
    if (served->lease)
        end_lease(served);
}

void served_watchers_changed(struct served *served)
{
    update_demand(served);
    if (!served->watcher_count)
        return;
    served_newest(served);
    /* No timer runs before the first viewer, nor after the last. */
    if (served->kinds[VIEWER_MJPEG] &&
        (!served->idle || lws_dll2_is_detached(&served->idle_timer.list)))
        restart_idle_timer(served);
}

/* --- snapshots --- */

bool served_await_fresh(struct served *served, struct snapshot_waiter *waiter)
{
    if (!served->reader.rings[RING_PACKETS] || !ring_stale(served->reader.rings[RING_PACKETS]))
        return false;
    served->lease = true;
    schedule(served, &served->lease_timer, on_lease_timeout, LEASE_US);
    update_demand(served);
    if (!served->stale)
        return false;
    waiter->link = &served->snapshot_waiters;
    waiter->next = served->snapshot_waiters;
    if (waiter->next)
        waiter->next->link = &waiter->next;
    served->snapshot_waiters = waiter;
    return true;
}

void served_forget_waiter(struct snapshot_waiter *waiter)
{
    if (!waiter->link)
        return;
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    waiter->link = NULL;
}
