/*
 * The encoder thread of a stream: encodes the newest frame once and sends it to all packet sinks.
 * Without sinks it detaches from the stream and sleeps.
 */
#ifndef ENCODETHREAD_H
#define ENCODETHREAD_H

#include "fanout.h"
#include "mailbox.h"

struct encodethread;

struct encodethread_options {
    const char *stream; /* outlives the thread, like codec */
    const char *codec;  /* "vp8" or "h264" */
    uint32_t ssrc;
    uint32_t bitrate, bitrate_max; /* kbit/s: without sinks, and the highest with them */
    struct fanout *fanout;
    struct mailbox *mailbox; /* receives every sent frame */
    /* The stream is gone or cannot be encoded, and all peers must end. Called on this thread. */
    void (*lost)(void *arg, const char *why);
    void *arg;
};

struct encodethread_stats {
    uint32_t bitrate;                  /* the encoder's target, kbit/s */
    uint32_t width, height;            /* of the last frame */
    uint64_t frames, keyframes, bytes; /* encoded so far */
};

/* NULL with errno. Ends with encodethread_stop. */
struct encodethread *encodethread_start(const struct encodethread_options *options);
void encodethread_stop(struct encodethread *thread);

void encodethread_stats(const struct encodethread *thread, struct encodethread_stats *out);

#endif
