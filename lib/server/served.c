/*
 * One stream: attached, followed through --replace, its newest picture copied once for all viewers.
 *
 * The waiter touches only the mapped memory: the futex word of the packet ring, and the stream's
 * state. It is cancelled while it sleeps there, where it holds nothing, and joined before the
 * mapping goes.
 */
#include "serve.h"
#include "tool/cli.h"
#include "pixfmt.h"
#include "stream.h"
#include "futex.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_US = 200000,   /* without a picture for so long, the last part is sent again */
    STALE_US = 250000,  /* a picture from before the encoder slept is held back for so long */
    LEASE_US = 2000000, /* who asked for one picture has wanted it long enough */
    SPARES = 3
};

static void *wait_for_pictures(void *arg)
{
    struct source *source = arg;
    const struct shmfmt_ring *ring =
        stream_at(source->stream, stream_header(source->stream)->packets_at);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;) {
        uint32_t seen = atomic_load(&ring->wake);
        bool alive = stream_alive(source->stream) == 0;
        if (!alive || atomic_load(&source->wanted))
            lws_cancel_service(source->server->context);
        if (!alive)
            return NULL;
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
        futex_wait(&ring->wake, seen, NULL);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    }
}

int source_thread(pthread_t *thread, void *(*run)(void *), struct source *source)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(thread, NULL, run, source);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = err;
    return err ? -1 : 0;
}

int source_start(struct source *source)
{
    source->waiting = source_thread(&source->waiter, wait_for_pictures, source) == 0;
    return source->waiting ? 0 : -1;
}

static void source_stop(struct source *source)
{
    if (!source->waiting)
        return;
    pthread_cancel(source->waiter);
    pthread_join(source->waiter, NULL);
    source->waiting = false;
}

/* There is a new picture, or none is to be waited for any more. */
static void source_settle(struct source *source)
{
    source->stale = false;
    lws_sul_cancel(&source->stale_timer);
    for (struct viewer *viewer = source->watchers; viewer; viewer = viewer->next_watcher)
        viewer_wake(viewer);
    for (struct conn *conn = source->askers; conn; conn = conn->next_asker)
        lws_callback_on_writable(conn->wsi);
}

static void source_stale_over(lws_sorted_usec_list_t *timer)
{
    source_settle(lws_container_of(timer, struct source, stale_timer));
}

/* Tells the waiter, and the encoder, whether pictures are wanted. */
static void source_want(struct source *source)
{
    bool want = source->watcher_count > 0 || source->leased;
    /* Before any look at the ring: either that finds a picture, or the waiter tells of it. */
    atomic_store(&source->wanted, want);
    if (!source->ring || !ring_want(source->ring, want) || !want || source->stale ||
        !ring_stale(source->ring))
        return;
    source->stale = true;
    lws_sul_schedule(source->server->context, 0, &source->stale_timer, source_stale_over, STALE_US);
}

static void source_unlease(struct source *source)
{
    lws_sul_cancel(&source->lease_timer);
    source->leased = false;
    source_want(source);
}

static void source_lease_over(lws_sorted_usec_list_t *timer)
{
    source_unlease(lws_container_of(timer, struct source, lease_timer));
}

/* The encoder is awake, or as good as. */
static void source_awake(struct source *source)
{
    if (source->stale)
        source_settle(source);
    if (source->leased)
        source_unlease(source);
}

static int source_attach(struct source *source)
{
    struct stream *stream = stream_attach(source->name, STREAM_READ);
    struct ring *ring = NULL;
    if (stream && !pixfmt_is_image(stream_header(stream)->format))
        errno = ENOMSG;
    else if (stream)
        ring = ring_open_reader(stream, RING_PACKETS);
    if (!ring) {
        stream_close(stream);
        return -1;
    }
    source->stream = stream;
    source->ring = ring;
    source->generation = stream_header(stream)->generation;
    return 0;
}

static void source_detach(struct source *source)
{
    source_stop(source);
    inbox_stop(source);
    ring_close(source->ring);
    stream_close(source->stream);
    source->ring = NULL;
    source->stream = NULL;
    if (source->newest)
        packet_release(source, source->newest);
    source->newest = NULL;
    if (source->stale)
        source_settle(source);
}

int source_open(struct source *source, struct server *server, const char *name)
{
    *source = (struct source){.server = server, .name = name};
    return source_attach(source);
}

void source_close(struct source *source)
{
    lws_sul_cancel(&source->idle_timer);
    inbox_stop(source);
    inbox_free(source);
    source_unlease(source);
    source_detach(source);
    while (source->spare) {
        struct packet *packet = source->spare;
        source->spare = packet->next;
        free(packet);
    }
}

/* The stream is no more. Its viewers are told, its paths answer 410. */
static void source_end(struct source *source)
{
    source_detach(source);
    source->server->sources_live--;
    lws_sul_cancel(&source->idle_timer);
    source_unlease(source);
    while (source->viewers)
        conn_end(source->viewers->conn, LWS_CLOSE_STATUS_GOINGAWAY);
    while (source->watchers)
        ladder_lost(source->watchers);
}

/* After ESTALE or EIDRM: 0 when there is a stream to go on with. */
static int source_follow(struct source *source, int err)
{
    source_detach(source);
    if (err == ESTALE && source_attach(source) == 0 && source_start(source) == 0) {
        for (struct viewer *viewer = source->viewers; viewer; viewer = viewer->next)
            viewer->event = 0;                       /* another log, with numbers of its own */
        lws_cancel_service(source->server->context); /* for events that waited for the old one */
        source_want(source);
        return 0;
    }
    if (err == ESTALE && errno != ENOENT)
        cli_warn("%s: %s", source->name, stream_problem(errno));
    source_end(source);
    return -1;
}

struct packet *packet_hold(struct packet *packet)
{
    packet->refs++;
    return packet;
}

void packet_release(struct source *source, struct packet *packet)
{
    if (--packet->refs)
        return;
    if (source->spares == SPARES) {
        free(packet);
        return;
    }
    packet->next = source->spare;
    source->spare = packet;
    source->spares++;
}

static struct packet *packet_new(struct source *source, size_t bytes)
{
    struct packet *packet = source->spare;
    if (packet) {
        source->spare = packet->next;
        source->spares--;
    }
    if (!packet || packet->room < bytes) {
        /* Sizes differ from picture to picture: some more, so that this is the last time soon. */
        size_t room = bytes + bytes / 4 + 4096;
        free(packet);
        packet = malloc(sizeof *packet + LWS_PRE + PICTURE_HEAD + room + 2);
        if (!packet)
            return NULL;
        packet->room = room;
        packet->data = (unsigned char *)(packet + 1) + LWS_PRE + PICTURE_HEAD;
    }
    packet->refs = 1;
    return packet;
}

static void source_idle(lws_sorted_usec_list_t *timer)
{
    struct source *source = lws_container_of(timer, struct source, idle_timer);
    source->idle = true;
    for (struct viewer *viewer = source->watchers; viewer; viewer = viewer->next_watcher)
        if (viewer->transport == VIEWER_MJPEG)
            lws_callback_on_writable(viewer->conn->wsi);
}

static void source_not_idle(struct source *source)
{
    source->idle = false;
    if (source->mjpeg_count)
        lws_sul_schedule(source->server->context, 0, &source->idle_timer, source_idle, IDLE_US);
}

static void source_publish(struct source *source, const struct ring_view *view)
{
    struct packet *packet = packet_new(source, view->meta.bytes);
    if (!packet) /* this picture is lost; the next may find memory */
        return;
    memcpy(packet->data, view->data, view->meta.bytes);
    memcpy(packet->data + view->meta.bytes, "\r\n", 2);
    packet->meta = view->meta;
    packet->generation = source->generation;
    ws_head(&packet->message, view->meta.bytes);
    packet->part.bytes = (size_t)snprintf(
        (char *)packet->part.text, sizeof packet->part.text,
        "--shmcast\r\nContent-Type: image/jpeg\r\nContent-Length: %" PRIu64 "\r\n\r\n",
        view->meta.bytes);
    if (source->newest)
        packet_release(source, source->newest);
    source->newest = packet;
    source_not_idle(source);
    for (struct viewer *viewer = source->watchers; viewer; viewer = viewer->next_watcher)
        viewer_picture(viewer);
}

struct packet *source_newest(struct source *source)
{
    while (source->stream) {
        struct ring_view view;
        int got = ring_pin(source->ring, source->newest ? source->newest->meta.number : 0, &view);
        int err = errno;
        if (got > 0) {
            source_publish(source, &view);
            ring_unpin(source->ring);
        }
        if (got >= 0 || (err != ESTALE && err != EIDRM))
            return source->newest;
        source_follow(source, err);
    }
    return NULL;
}

void source_look(struct source *source)
{
    inbox_retry(source);
    if (atomic_load(&source->wanted))
        source_newest(source);
    else if (source->stream && stream_alive(source->stream))
        source_follow(source, errno);
    if ((source->stale || source->leased) && source->ring && !ring_stale(source->ring))
        source_awake(source);
}

bool source_refresh(struct source *source)
{
    if (!source->ring || !ring_stale(source->ring))
        return false;
    source->leased = true;
    lws_sul_schedule(source->server->context, 0, &source->lease_timer, source_lease_over, LEASE_US);
    source_want(source);
    return source->stale;
}

void source_watch(struct source *source)
{
    source_want(source);
    if (!source->watcher_count)
        return;
    source_newest(source);
    if (source->mjpeg_count && !source->idle) /* it may be the first: no timer has run so far */
        source_not_idle(source);
}
