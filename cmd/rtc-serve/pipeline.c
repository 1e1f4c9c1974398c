#include "pipeline.h"
#include "mediaparts.h"
#include "rtpout.h"
#include "futex.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is made of GStreamer's elements, and where Debian has them. */
static const struct {
    const char *element, *package, *codec;
} needed[] = {
    {"webrtcbin", "gstreamer1.0-plugins-bad", NULL},
    {"nicesrc", "gstreamer1.0-nice", NULL},
    {"dtlssrtpdec", "gstreamer1.0-plugins-bad", NULL}, /* the first one makes the certificate */
    {"srtpenc", "gstreamer1.0-plugins-bad", NULL},
    {"sctpenc", "gstreamer1.0-plugins-bad", NULL},
    {"rtpbin", "gstreamer1.0-plugins-good", NULL},
    {"udpsink", "gstreamer1.0-plugins-good", NULL},
    {"appsrc", "gstreamer1.0-plugins-base", NULL},
    {"vp8enc", "gstreamer1.0-plugins-good", "vp8"},
    {"rtpvp8pay", "gstreamer1.0-plugins-good", "vp8"},
    {"openh264enc", "gstreamer1.0-plugins-bad", "h264"},
    {"rtph264pay", "gstreamer1.0-plugins-good", "h264"},
};

/* A thread with no signal but that of a stream truncated under us; those it makes are the same. */
static int thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = err;
    return err ? -1 : 0;
}

static void *start_gstreamer(void *done)
{
    *(bool *)done = gst_init_check(NULL, NULL, NULL);
    return NULL;
}

/* GStreamer makes threads that stay; not on the server's, with its signals. */
static bool gstreamer_ready(void)
{
    static bool tried, done;
    pthread_t thread;
    if (!tried && thread_start(&thread, start_gstreamer, &done) == 0)
        pthread_join(thread, NULL);
    tried = true;
    return done;
}

const char *pipeline_missing(const char *codec)
{
    static char line[128];
    if (!gstreamer_ready())
        return "GStreamer doesn't start";
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (needed[i].codec && strcmp(needed[i].codec, codec))
            continue;
        GstElementFactory *factory = gst_element_factory_find(needed[i].element);
        if (!factory) {
            snprintf(line, sizeof line, "GStreamer has no %s; Debian has it in %s",
                     needed[i].element, needed[i].package);
            return line;
        }
        gst_object_unref(factory);
    }
    return NULL;
}

void pipeline_stir(struct pipeline *media)
{
    futex_wake(&media->stir);
}

void pipeline_care(struct pipeline *media, GSourceFunc work, gpointer user, GDestroyNotify after)
{
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, work, user, after);
    g_source_attach(source, media->context);
    g_source_unref(source);
}

void pipeline_tell(struct pipeline *media, struct pipeline_peer *peer, enum pipeline_note_kind kind,
                   char *text, size_t bytes, int status)
{
    struct pipeline_note *note = g_new(struct pipeline_note, 1);
    *note = (struct pipeline_note){
        .kind = kind, .peer = peer_hold(peer), .text = text, .bytes = bytes, .status = status};
    pthread_mutex_lock(&media->lock);
    bool first = !media->notes && !media->frame_count;
    *media->notes_end = note;
    media->notes_end = &note->next;
    pthread_mutex_unlock(&media->lock);
    if (first)
        media->options.wake(media->options.wake_arg);
}

void pipeline_sent(struct pipeline *media, const struct pipeline_frame *frame)
{
    pthread_mutex_lock(&media->lock);
    bool first = !media->notes && !media->frame_count;
    if (media->frame_count == MEDIA_FRAMES_KEPT) {
        media->frame_first = (media->frame_first + 1) % MEDIA_FRAMES_KEPT;
        media->frame_count--;
    }
    media->frames[(media->frame_first + media->frame_count++) % MEDIA_FRAMES_KEPT] = *frame;
    pthread_mutex_unlock(&media->lock);
    if (first)
        media->options.wake(media->options.wake_arg);
}

void pipeline_outlet_add(struct pipeline *media, struct outlet *outlet)
{
    pthread_mutex_lock(&media->lock);
    outlet->next = media->outlets;
    outlet->link = &media->outlets;
    if (outlet->next)
        outlet->next->link = &outlet->next;
    media->outlets = outlet;
    atomic_fetch_add(&media->wanted, 1);
    pthread_mutex_unlock(&media->lock);
    outlet_ask(outlet);
    pipeline_stir(media);
}

void pipeline_outlet_remove(struct pipeline *media, struct outlet *outlet)
{
    if (!outlet->link)
        return;
    pthread_mutex_lock(&media->lock);
    *outlet->link = outlet->next;
    if (outlet->next)
        outlet->next->link = outlet->link;
    outlet->link = NULL;
    atomic_fetch_sub(&media->wanted, 1);
    media->gone_packets += atomic_load(&outlet->packets);
    media->gone_bytes += atomic_load(&outlet->bytes);
    media->gone_left_out += atomic_load(&outlet->left_out);
    media->gone_asked += atomic_load(&outlet->asked);
    pthread_mutex_unlock(&media->lock);
    pipeline_stir(media);
}

struct lost {
    struct pipeline *media;
    const char *why;
};

static gboolean end_all(gpointer user)
{
    struct lost *lost = user;
    while (lost->media->cared)
        peer_end(lost->media->cared, 404, lost->why);
    return G_SOURCE_REMOVE;
}

void pipeline_lost(struct pipeline *media, const char *why)
{
    struct lost *lost = g_new(struct lost, 1);
    *lost = (struct lost){media, why};
    pipeline_care(media, end_all, lost, g_free);
}

/* All that is loaded and made once, before the first viewer waits for it. */
static void warm_up(const char *codec)
{
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        GstElement *element = NULL;
        if (!needed[i].codec || !strcmp(needed[i].codec, codec))
            element = gst_element_factory_make(needed[i].element, NULL);
        if (element)
            gst_object_unref(gst_object_ref_sink(element));
    }
}

static void *care_run(void *arg)
{
    struct pipeline *media = arg;
    warm_up(media->options.codec);
    g_main_context_push_thread_default(media->context);
    g_main_loop_run(media->loop);
    g_main_context_pop_thread_default(media->context);
    return NULL;
}

/* Pipelines begin threads: on one that has no signals. */
static void *make_rtpout(void *arg)
{
    struct pipeline *media = arg;
    const struct pipeline_options *options = &media->options;
    bool is_h264 = !strcmp(options->codec, "h264");
    media->rtpout =
        rtpout_new(media, is_h264 ? "H264" : "VP8", options->rtp_host, options->rtp_port);
    return media->rtpout ? NULL : GINT_TO_POINTER(errno);
}

static int start_rtpout(struct pipeline *media)
{
    pthread_t thread;
    void *err;
    if (thread_start(&thread, make_rtpout, media))
        return -1;
    pthread_join(thread, &err);
    errno = GPOINTER_TO_INT(err);
    return err ? -1 : 0;
}

static gboolean care_over(gpointer user)
{
    struct pipeline *media = user;
    while (media->cared)
        peer_end(media->cared, 0, NULL);
    rtpout_free(media->rtpout);
    g_main_loop_quit(media->loop);
    return G_SOURCE_REMOVE;
}

struct pipeline *pipeline_open(const char *stream, const struct pipeline_options *options,
                               const struct pipeline_ops *calls)
{
    if (!options->bitrate_min || options->bitrate_min > options->bitrate ||
        options->bitrate > options->bitrate_max || options->bitrate_max > INT32_MAX / 1000) {
        errno = EINVAL;
        return NULL;
    }
    if (pipeline_missing(options->codec)) {
        errno = ENOPKG;
        return NULL;
    }
    struct pipeline *media = g_new0(struct pipeline, 1);
    media->stream = stream;
    media->options = *options;
    media->calls = calls;
    media->ssrc = g_random_int_range(1, INT32_MAX);
    media->notes_end = &media->notes;
    media->context = g_main_context_new();
    media->loop = g_main_loop_new(media->context, FALSE);
    pthread_mutex_init(&media->lock, NULL);
    atomic_store(&media->bitrate, options->bitrate);
    if (thread_start(&media->care, care_run, media))
        goto no_care;
    if (thread_start(&media->encoding, frames_run, media))
        goto no_frames;
    if (options->rtp_host && start_rtpout(media)) {
        int err = errno;
        pipeline_close(media);
        errno = err;
        return NULL;
    }
    return media;
no_frames:
    pipeline_care(media, care_over, media, NULL);
    pthread_join(media->care, NULL);
no_care:
    pthread_mutex_destroy(&media->lock);
    g_main_loop_unref(media->loop);
    g_main_context_unref(media->context);
    g_free(media);
    return NULL;
}

/* Takes the peer out of the server's list; what was the server's hold is the caller's. */
static void peer_leave(struct pipeline_peer *peer)
{
    peer->gone = true;
    if (peer->media->cursor == peer)
        peer->media->cursor = peer->next;
    *peer->link = peer->next;
    if (peer->next)
        peer->next->link = peer->link;
}

struct pipeline_peer *pipeline_offer(struct pipeline *media, const char *sdp, size_t bytes,
                                     void *user)
{
    const char *why;
    int status;
    if (bytes > PIPELINE_OFFER_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    struct offer *offer = offer_read(sdp, bytes, media->options.codec, &status, &why);
    if (!offer && status == 400) {
        errno = EINVAL;
        return NULL;
    }
    struct pipeline_peer *peer = g_new0(struct pipeline_peer, 1);
    atomic_store(&peer->holders, 1);
    pthread_mutex_init(&peer->lock, NULL);
    peer->media = media;
    peer->offer = offer;
    peer->user = user;
    peer->next = media->peers;
    peer->link = &media->peers;
    if (peer->next)
        peer->next->link = &peer->next;
    media->peers = peer;
    if (offer)
        pipeline_care(media, peer_start, peer_hold(peer), peer_release);
    else
        pipeline_tell(media, peer, NOTE_REFUSED, g_strdup(why), 0, status);
    return peer;
}

void pipeline_peer_close(struct pipeline_peer *peer)
{
    struct pipeline *media = peer->media;
    peer_leave(peer);
    pipeline_care(media, peer_drop, peer, peer_release);
}

static void note_call(struct pipeline *media, struct pipeline_note *note)
{
    struct pipeline_peer *peer = note->peer;
    void *user = peer->user;
    if (note->kind == NOTE_MESSAGE)
        atomic_fetch_sub(&peer->unread, note->bytes);
    if (peer->gone)
        return;
    switch (note->kind) {
    case NOTE_ANSWER:
        media->calls->answer(user, note->text);
        break;
    case NOTE_CONNECTED:
        media->calls->connected(user);
        break;
    case NOTE_OPEN:
        peer->has_channel = true;
        media->calls->open(user);
        break;
    case NOTE_MESSAGE:
        media->calls->message(user, note->text, note->bytes);
        break;
    case NOTE_REFUSED:
        peer_leave(peer);
        media->calls->refused(user, note->status, note->text);
        peer_release(peer);
        break;
    case NOTE_CLOSED:
        peer_leave(peer);
        media->calls->closed(user, note->text);
        peer_release(peer);
        break;
    }
}

static void frame_call(struct pipeline *media, const struct pipeline_frame *frame)
{
    for (struct pipeline_peer *peer = media->peers; peer; peer = media->cursor) {
        media->cursor = peer->next;
        if (peer->has_channel)
            media->calls->frame(peer->user, frame->number, frame->event, frame->captured_ns,
                                frame->rtp);
    }
}

static void notes_free(struct pipeline_note *notes)
{
    while (notes) {
        struct pipeline_note *note = notes;
        notes = note->next;
        peer_release(note->peer);
        g_free(note->text);
        g_free(note);
    }
}

void pipeline_dispatch(struct pipeline *media)
{
    struct pipeline_frame frames[MEDIA_FRAMES_KEPT];
    pthread_mutex_lock(&media->lock);
    struct pipeline_note *notes = media->notes;
    media->notes = NULL;
    media->notes_end = &media->notes;
    unsigned count = media->frame_count;
    for (unsigned i = 0; i < count; i++)
        frames[i] = media->frames[(media->frame_first + i) % MEDIA_FRAMES_KEPT];
    media->frame_count = 0;
    pthread_mutex_unlock(&media->lock);
    for (struct pipeline_note *note = notes; note; note = note->next)
        note_call(media, note);
    notes_free(notes);
    for (unsigned i = 0; i < count; i++)
        frame_call(media, &frames[i]);
}

void pipeline_stats(struct pipeline *media, struct pipeline_stats *out)
{
    pthread_mutex_lock(&media->lock);
    *out = (struct pipeline_stats){.peers = atomic_load(&media->wanted),
                                   .bitrate = atomic_load(&media->bitrate),
                                   .width = atomic_load(&media->width),
                                   .height = atomic_load(&media->height),
                                   .frames = atomic_load(&media->pictures),
                                   .keyframes = atomic_load(&media->keyframes),
                                   .bytes = atomic_load(&media->bytes),
                                   .packets = media->gone_packets,
                                   .packet_bytes = media->gone_bytes,
                                   .dropped = media->gone_left_out,
                                   .keyframe_requests = media->gone_asked};
    for (struct outlet *outlet = media->outlets; outlet; outlet = outlet->next) {
        out->packets += atomic_load(&outlet->packets);
        out->packet_bytes += atomic_load(&outlet->bytes);
        out->dropped += atomic_load(&outlet->left_out);
        out->keyframe_requests += atomic_load(&outlet->asked);
    }
    pthread_mutex_unlock(&media->lock);
}

void pipeline_close(struct pipeline *media)
{
    if (!media)
        return;
    while (media->peers) {
        struct pipeline_peer *peer = media->peers;
        peer_leave(peer);
        peer_release(peer);
    }
    pipeline_care(media, care_over, media, NULL);
    pthread_join(media->care, NULL);
    atomic_store(&media->ending, true);
    pipeline_stir(media);
    pthread_join(media->encoding, NULL);
    notes_free(media->notes);
    pthread_mutex_destroy(&media->lock);
    g_main_loop_unref(media->loop);
    g_main_context_unref(media->context);
    g_free(media);
}
