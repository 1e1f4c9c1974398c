#include "source.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "evlog.h"
#include "pixfmt.h"
#include "stream.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

static void detach(struct source *source)
{
    ring_close(source->frames);
    ring_close(source->nets);
    stream_close(source->stream);
    source->frames = source->nets = NULL;
    source->stream = NULL;
}

/* Only while there is no stream: others come and go, each would wake us. */
static int watch_for(struct source *source, bool yes)
{
    if (yes == (source->place >= 0))
        return 0;
    if (yes)
        source->place = inotify_add_watch(source->watch, "/dev/shm", IN_CREATE | IN_MOVED_TO);
    else
        source->place = inotify_rm_watch(source->watch, source->place) ? source->place : -1;
    return yes && source->place < 0 ? -1 : 0;
}

/* 0, also when there is none. */
static int attach(struct source *source)
{
    if (watch_for(source, true)) /* first: or it might come between a look and that */
        return -1;
    source->stream = stream_attach(source->name, STREAM_READ);
    if (!source->stream) /* one that is being made will say so again when it is whole */
        return errno == ENOENT || errno == ENODATA ? 0 : -1;
    source->frames = ring_open_reader(source->stream, RING_FRAMES);
    source->nets = ring_open_reader(source->stream, RING_PACKETS);
    source->frame = source->net = 0;
    source->opened++;
    if (source->frames && source->nets) {
        ring_set_packet_kind(source->nets, SHMFMT_PACKET_NET);
        watch_for(source, false);
        return 0;
    }
    detach(source);
    return -1;
}

/* The thread that waits for the name: streams are linked into /dev/shm, or renamed to it, whole. */
static void *watch(void *user)
{
    struct source *source = user;
    _Alignas(struct inotify_event) char room[4096 + NAME_MAX + 1];
    struct pollfd either[] = {{.fd = source->watch, .events = POLLIN},
                              {.fd = source->stop, .events = POLLIN}};
    while (poll(either, 2, -1) > 0 && !either[1].revents) {
        ssize_t got = read(source->watch, room, sizeof room);
        if (got <= 0)
            break;
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(room + at);
            if (event->mask & IN_Q_OVERFLOW || (event->len && !strcmp(event->name, source->name)))
                futex_wake(&source->appeared);
            at += (ssize_t)sizeof *event + event->len;
        }
    }
    return NULL;
}

int source_open(struct source *source, const char *name)
{
    sigset_t all, before;
    *source = (struct source){.name = name, .place = -1};
    source->watch = inotify_init1(IN_CLOEXEC);
    source->stop = eventfd(0, EFD_CLOEXEC);
    if (source->watch < 0 || source->stop < 0)
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for who waits for them */
    errno = pthread_create(&source->watcher, NULL, watch, source);
    source->watching = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return source->watching ? attach(source) : -1;
}

void source_close(struct source *source)
{
    int err = errno;
    if (source->watching) {
        eventfd_write(source->stop, 1);
        pthread_join(source->watcher, NULL);
    }
    if (source->watch >= 0)
        close(source->watch);
    if (source->stop >= 0)
        close(source->stop);
    detach(source);
    errno = err;
}

unsigned source_seen(const struct source *source, struct futex_word *out)
{
    out[0] = (struct futex_word){&source->appeared, atomic_load(&source->appeared)};
    if (!source->stream)
        return 1;
    out[1] = ring_seen(source->frames);
    out[2] = ring_seen(source->nets);
    return 3;
}

static int take_net(struct source *source, struct scene *scene)
{
    struct ring_view view;
    int got = ring_pin(source->nets, source->net, &view);
    if (got <= 0)
        return got;
    source->net = view.meta.number;
    const struct net *shown = scene->net;
    struct net *net = net_read(view.data, view.meta.bytes);
    ring_unpin(source->nets);
    if (!net || scene_net(scene, net))
        return -1;
    return scene->net != shown ? SOURCE_NET : 0;
}

static int take_positions(struct source *source, struct scene *scene, uint64_t frame_ns)
{
    struct ring_view view;
    int got = ring_pin(source->frames, source->frame, &view);
    if (got <= 0)
        return got;
    const struct ring_meta *m = &view.meta;
    const struct net *shown = scene->net;
    if (m->format != PIXFMT_F32 || m->width < 2 || m->width > 3) {
        ring_unpin(source->frames);
        errno = ENOMSG;
        return -1;
    }
    got = scene_positions(scene, view.data, m->height, m->width, monotonic_ns(), frame_ns);
    ring_unpin(source->frames);
    if (got >
        0) /* else the network that they belong to is still to come, and then it is looked at */
        source->frame = m->number;
    if (got <= 0)
        return got;
    return SOURCE_POSITIONS | (scene->net != shown ? SOURCE_NET : 0);
}

int source_take(struct source *source, struct scene *scene, uint64_t frame_ns)
{
    if (source->stream && stream_alive(source->stream))
        detach(source);
    if (!source->stream && attach(source))
        return -1;
    if (!source->stream)
        return 0;
    int net = take_net(source, scene);
    int positions = net < 0 ? -1 : take_positions(source, scene, frame_ns);
    if (positions >= 0)
        return net | positions;
    if (errno != ESTALE && errno != EIDRM)
        return -1;
    detach(source); /* just now: its words have changed, so it is looked at again */
    return 0;
}

bool source_tell(struct source *source, struct steer *steer)
{
    if (!steer->outs)
        return false;
    if (!source->stream || !stream_writable(source->stream)) {
        steer->outs = 0; /* nobody is there to be told */
        return false;
    }
    if (evlog_try(source->stream, steer->out, steer->outs) && errno == EBUSY)
        return true;
    steer->outs = 0;
    return false;
}
