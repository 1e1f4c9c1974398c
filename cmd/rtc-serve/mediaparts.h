/*
 * What the files behind media.h share.
 *
 * Threads: the server's, which calls media.h; a "care" thread of each media, with a GMainContext,
 * on which pipelines are made, answered and taken down; the frames' thread, which encodes; and
 * GStreamer's own.
 */
#ifndef MEDIAPARTS_H
#define MEDIAPARTS_H

#include <gst/gst.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "pipeline.h"
#include "offer.h"
#include "outlet.h"

enum { MEDIA_FRAMES_KEPT = 16 };

enum pipeline_note_kind {
    NOTE_ANSWER,
    NOTE_REFUSED,
    NOTE_CONNECTED,
    NOTE_OPEN,
    NOTE_MESSAGE,
    NOTE_CLOSED
};

/* Something to be called back. */
struct pipeline_note {
    struct pipeline_note *next;
    enum pipeline_note_kind kind;
    struct pipeline_peer *peer; /* holds it */
    char *text;
    size_t bytes;
    int status;
};

struct pipeline_frame {
    uint64_t number, event, captured_ns;
    uint32_t rtp;
};

struct pipeline {
    const char *stream;
    struct pipeline_options options;
    const struct pipeline_ops *calls;
    uint32_t ssrc;

    /* The server's thread. */
    struct pipeline_peer *peers, *cursor; /* cursor: the one that is called next */

    /* Care. */
    pthread_t care;
    GMainContext *context;
    GMainLoop *loop;
    struct pipeline_peer *cared; /* peers with a pipeline */
    struct rtpout *rtpout;

    pthread_mutex_t lock; /* of what follows */
    struct pipeline_note *notes, **notes_end;
    struct pipeline_frame
        frames[MEDIA_FRAMES_KEPT]; /* told next; the oldest is lost when there are more */
    unsigned frame_first, frame_count;
    struct outlet *outlets;
    unsigned outlet_count;
    uint64_t gone_packets, gone_bytes, gone_left_out, gone_asked; /* of outlets that are no more */

    /* The frames' thread. */
    pthread_t encoding;
    _Atomic bool ending;
    _Atomic uint32_t stir;   /* futex: changes with the outlets, their wishes, and at the end */
    _Atomic uint32_t wanted; /* outlets */
    _Atomic uint32_t bitrate, width, height;
    _Atomic uint64_t pictures, keyframes, bytes;
};

/* Has the frames' thread look again; any thread. */
void pipeline_stir(struct pipeline *media);

/* Any thread. text is the note's from now on: by g_malloc, or NULL. */
void pipeline_tell(struct pipeline *media, struct pipeline_peer *peer, enum pipeline_note_kind kind,
                   char *text, size_t bytes, int status);

/* Has work(user) called on the care thread, soon; any thread. */
void pipeline_care(struct pipeline *media, GSourceFunc work, gpointer user, GDestroyNotify after);

/* Pictures go there too from now on, with a keyframe first; no more. */
void pipeline_outlet_add(struct pipeline *media, struct outlet *outlet);
void pipeline_outlet_remove(struct pipeline *media, struct outlet *outlet);

/* The stream is no more: ends all peers. Any thread. */
void pipeline_lost(struct pipeline *media, const char *why);

/* A frame was sent; the frames' thread. */
void pipeline_sent(struct pipeline *media, const struct pipeline_frame *frame);

void *frames_run(void *media);

/* A peer is held by the server until it is gone, by care until its pipeline is, and by what waits
 * to be called back. */
struct pipeline_peer {
    _Atomic unsigned holders;
    struct pipeline *media;

    /* The server's thread. */
    void *user;
    bool gone, has_channel;
    struct pipeline_peer *next, **link;

    /* Care. */
    struct pipeline_peer *cared_next, **cared_link;
    struct offer *offer;
    GstElement *pipeline, *webrtc;
    GSource *timer;
    bool started, answered, connected, dropped, ended;
    struct outlet outlet;

    pthread_mutex_t lock;      /* of what follows */
    GObject *channel;          /* GstWebRTCDataChannel */
    _Atomic size_t unread;     /* bytes of messages that wait to be called back */
    _Atomic uint64_t heard_ns; /* when it last sent RTCP */
    _Atomic bool heard;        /* it has sent any */
};

struct pipeline_peer *peer_hold(struct pipeline_peer *peer);
void peer_release(gpointer peer);

/* Care: makes the pipeline and the answer. */
gboolean peer_start(gpointer peer);

/* Care: takes it down; tells the server why, unless why is NULL. Once is enough. status: that of a
 * refusal when there was no answer yet. */
void peer_end(struct pipeline_peer *peer, int status, const char *why);

/* Care: peer_end without a word. */
gboolean peer_drop(gpointer peer);

/* Reads an RTCP packet that came for the outlet. */
void feedback_read(struct outlet *outlet, GstBuffer *rtcp);

#endif
