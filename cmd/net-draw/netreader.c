#include "netreader.h"
#include "evlog.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "stream.h"
#include "tool/thread.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Watches /dev/shm only while the stream is absent: each new stream wakes the thread. */
static int set_watch(struct netreader *reader, bool on)
{
    if (on == (reader->watch >= 0))
        return 0;
    if (on)
        reader->watch = inotify_add_watch(reader->inotify, "/dev/shm", IN_CREATE | IN_MOVED_TO);
    else
        reader->watch = inotify_rm_watch(reader->inotify, reader->watch) ? reader->watch : -1;
    return on && reader->watch < 0 ? -1 : 0;
}

/* Returns 0 also when the stream is absent. */
static int attach(struct netreader *reader)
{
    if (set_watch(reader, true)) /* first, so that no stream is missed */
        return -1;
    if (streamreader_open(&reader->in, reader->name, STREAMREADER_FRAMES | STREAMREADER_NETS)) {
        bool absent = !reader->in.stream && (errno == ENOENT || errno == ENODATA);
        streamreader_close(&reader->in);
        return absent ? 0 : -1; /* an incomplete stream causes another event when it is complete */
    }
    ring_want(reader->in.rings[RING_FRAMES], true);
    reader->attached++;
    set_watch(reader, false);
    return 0;
}

/* The thread that waits for the name. Complete streams are linked or renamed into /dev/shm. */
static void *wait_for_name(void *user)
{
    struct netreader *reader = user;
    _Alignas(struct inotify_event) char buffer[4096 + NAME_MAX + 1];
    struct pollfd fds[] = {{.fd = reader->inotify, .events = POLLIN},
                           {.fd = reader->stop, .events = POLLIN}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        ssize_t got = read(reader->inotify, buffer, sizeof buffer);
        if (got <= 0)
            break;
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
            if (event->mask & IN_Q_OVERFLOW || (event->len && !strcmp(event->name, reader->name)))
                futex_wake(&reader->appeared);
            at += (ssize_t)sizeof *event + event->len;
        }
    }
    return NULL;
}

int netreader_open(struct netreader *reader, const char *name)
{
    *reader = (struct netreader){.name = name, .watch = -1};
    reader->inotify = inotify_init1(IN_CLOEXEC);
    reader->stop = eventfd(0, EFD_CLOEXEC);
    if (reader->inotify < 0 || reader->stop < 0)
        return -1;
    reader->started = thread_start(&reader->thread, wait_for_name, reader) == 0;
    return reader->started ? attach(reader) : -1;
}

void netreader_close(struct netreader *reader)
{
    int err = errno;
    if (reader->started) {
        eventfd_write(reader->stop, 1);
        pthread_join(reader->thread, NULL);
    }
    if (reader->inotify >= 0)
        close(reader->inotify);
    if (reader->stop >= 0)
        close(reader->stop);
    streamreader_close(&reader->in);
    errno = err;
}

unsigned netreader_seen(const struct netreader *reader, struct futex_word *out)
{
    out[0] = (struct futex_word){&reader->appeared, atomic_load(&reader->appeared)};
    if (!reader->in.stream)
        return 1;
    out[1] = ring_seen(reader->in.rings[RING_FRAMES]);
    out[2] = ring_seen(reader->in.rings[RING_PACKETS]);
    return 3;
}

/* As ring_pin, of an image that wasn't taken yet. */
static int pin(struct netreader *reader, enum ring_channel channel, struct ring_view *view)
{
    int got = ring_pin(reader->in.rings[channel], reader->in.seen[channel], view);
    int err = errno;
    streamreader_report(reader->in.rings[channel], reader->in.name);
    errno = err;
    return got;
}

static int take_net(struct netreader *reader, struct scene *scene)
{
    struct ring_view view;
    int got = pin(reader, RING_PACKETS, &view);
    if (got <= 0)
        return got;
    reader->in.seen[RING_PACKETS] = view.meta.number;
    const struct net *shown = scene->net;
    struct net *net = net_read(view.data, view.meta.bytes);
    ring_unpin(reader->in.rings[RING_PACKETS]);
    if (!net || scene_net(scene, net))
        return -1;
    return scene->net != shown ? NETREADER_NET : 0;
}

static int take_positions(struct netreader *reader, struct scene *scene, uint64_t frame_ns)
{
    struct ring_view view;
    int got = pin(reader, RING_FRAMES, &view);
    if (got <= 0)
        return got;
    const struct ring_meta *m = &view.meta;
    const struct net *shown = scene->net;
    bool positions = m->format == PIXFMT_F32 && m->width >= 2 && m->width <= 3;
    if (positions)
        got = scene_positions(scene, view.data, m->height, m->width, monotonic_ns(), frame_ns);
    ring_unpin(reader->in.rings[RING_FRAMES]);
    if (!positions) {
        errno = ENOMSG;
        return -1;
    }
    if (got <= 0) /* 0: their network is yet to arrive, and then they are taken */
        return got;
    reader->in.seen[RING_FRAMES] = m->number;
    return NETREADER_POSITIONS | (scene->net != shown ? NETREADER_NET : 0);
}

int netreader_take(struct netreader *reader, struct scene *scene, uint64_t frame_ns)
{
    if (reader->in.stream && stream_alive(reader->in.stream))
        streamreader_close(&reader->in);
    if (!reader->in.stream && attach(reader))
        return -1;
    if (!reader->in.stream)
        return 0;
    int net = take_net(reader, scene);
    int positions = net < 0 ? -1 : take_positions(reader, scene, frame_ns);
    if (positions >= 0)
        return net | positions;
    if (errno != ESTALE && errno != EIDRM)
        return -1;
    streamreader_close(&reader->in); /* its words have changed, so the caller won't sleep */
    return 0;
}

bool netreader_send(struct netreader *reader, struct event *events, unsigned count)
{
    if (!count || !reader->in.stream || !stream_writable(reader->in.stream))
        return true;
    return !evlog_try(reader->in.stream, events, count) || errno != EBUSY;
}
