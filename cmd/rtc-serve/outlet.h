/*
 * Where the one encoder's RTP packets go: to a peer, or out as plain RTP. Each outlet numbers
 * packets itself, has header extensions and a payload type of its own, and shares the payload with
 * the others.
 */
#ifndef OUTLET_H
#define OUTLET_H

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pipeline;
struct coded;

/* What feedback.c goes by. */
struct feedback {
    uint64_t window_ns,
        window_bytes; /* since when, and from how many on, it counts what was sent */
    uint64_t remb_ns; /* when the last estimate came */
    uint32_t sent;    /* kbit/s, in the last window */
};

struct outlet {
    struct pipeline *media;
    struct outlet *next, **link; /* in media's list; link NULL: it isn't */
    GstAppSrc *src;
    unsigned payload;                        /* RTP payload type */
    unsigned playout_delay_id, send_time_id; /* of header extensions; 0: without */
    uint16_t sequence;
    bool begun; /* has had a keyframe, and all pictures since */
    _Atomic bool wants_key;
    _Atomic uint32_t allowed; /* kbit/s that the way there carries, by its feedback */
    struct feedback feedback;
    _Atomic uint64_t packets, bytes, left_out;
    _Atomic uint64_t asked; /* for a keyframe */
};

/* Makes the appsrc for it, floating; packets of this payload type and SSRC will come out. The
 * outlet must outlive it. */
GstElement *outlet_source(struct outlet *outlet, struct pipeline *media, const char *codec,
                          unsigned payload, uint32_t ssrc);

/* Sends a picture, unless the outlet is behind with what it has, or waits for a keyframe. Never
 * blocks. Frames' thread, or whoever holds the list. */
void outlet_push(struct outlet *outlet, const struct coded *picture);

/* A keyframe is due; any thread. */
void outlet_ask(struct outlet *outlet);

#endif
