#include "encodethread.h"
#include "futex.h"
#include "monotonic.h"
#include "stream.h"
#include "tool/streamreader.h"
#include "tool/thread.h"
#include <errno.h>
#include <time.h>

#define MS UINT64_C(1000000)

enum {
    KEYFRAME_GAP_MS = 300, /* minimum time between requested keyframes */
    REPEAT_MS = 100,       /* time without a newer frame until the last one is encoded again */
    REPEATS = 10           /* repetitions: they sharpen a still image, and reveal a lost one */
};

struct encodethread {
    struct encodethread_options options;
    pthread_t thread;
    _Atomic bool stopping;
    _Atomic uint32_t bitrate, width, height;
    _Atomic uint64_t frames, keyframes, bytes;

    /* The thread's own. */
    struct streamreader reader;
    struct encoder *encoder;
    uint64_t number;      /* of the last frame; 0: none */
    uint64_t encoded_ns;  /* time of the last encode */
    uint64_t keyframe_ns; /* time of the last keyframe */
    unsigned repeats;     /* of the last frame so far */
};

static void lost(struct encodethread *t, const char *why)
{
    t->options.lost(t->options.arg, why);
}

static int attach(struct encodethread *t)
{
    t->number = 0;
    if (streamreader_open(&t->reader, t->options.stream, STREAMREADER_FRAMES) == 0)
        return 0;
    streamreader_close(&t->reader);
    return -1;
}

static void reset_encoder(struct encodethread *t)
{
    encoder_free(t->encoder);
    t->encoder = NULL;
}

static void detach(struct encodethread *t)
{
    streamreader_close(&t->reader);
    reset_encoder(t);
}

static void send(struct encodethread *t, const struct encoded_frame *encoded,
                 const struct ring_meta *meta)
{
    struct sent_frame sent = {meta->number, meta->event,      meta->captured_ns,
                              encoded->rtp, meta->aspect_num, meta->aspect_den};
    fanout_push(t->options.fanout, encoded);
    atomic_fetch_add(&t->frames, 1);
    atomic_fetch_add(&t->keyframes, encoded->keyframe);
    atomic_fetch_add(&t->bytes, encoded->bytes);
    atomic_store(&t->width, meta->width);
    atomic_store(&t->height, meta->height);
    mailbox_post_frame(t->options.mailbox, &sent);
}

static void encode_and_send(struct encodethread *t, const struct ring_view *view, bool keyframe,
                            uint64_t now)
{
    uint32_t kbit = atomic_load(&t->bitrate);
    struct encoded_frame encoded;
    if (!t->encoder)
        t->encoder = encoder_new(t->options.codec, kbit, t->options.ssrc);
    if (!t->encoder) {
        lost(t, "the encoder does not start");
        return;
    }
    bool new = view->meta.number != t->number;
    encoder_set_bitrate(t->encoder, kbit);
    int made = encoder_encode(t->encoder, view, keyframe, now, &encoded);
    t->number = view->meta.number;
    if (made < 0) {
        reset_encoder(t); /* its state is undefined */
        t->repeats = REPEATS;
        t->keyframe_ns = now; /* the next try for this frame waits, too */
        lost(t, "a frame of this size or format cannot be encoded");
        return;
    }
    t->encoded_ns = now;
    t->repeats = new || keyframe ? 0 : t->repeats + 1;
    if (!made)
        return;
    if (encoded.keyframe)
        t->keyframe_ns = now;
    send(t, &encoded, &view->meta);
}

/* The time of the next encode if no new frame comes: a repetition or a keyframe. 0: never. */
static uint64_t next_encode(const struct encodethread *t, bool keyframe)
{
    if (!t->number)
        return 0;
    uint64_t repeat = t->repeats < REPEATS ? t->encoded_ns + REPEAT_MS * MS : 0;
    uint64_t at = keyframe ? t->keyframe_ns + KEYFRAME_GAP_MS * MS : 0;
    return !repeat || (at && at < repeat) ? at : repeat;
}

/* Handles the result of a streamreader call that returned no image: false if the stream is gone. */
static bool follow(struct encodethread *t, int got)
{
    if (got == STREAMREADER_REPLACED) {
        t->number = 0;
        return true;
    }
    int err = errno;
    detach(t);
    lost(t, err == EIDRM ? "the stream was removed" : stream_problem(err));
    return false;
}

/* Encodes the newest frame, or sleeps until there is work. word: the fanout's word, read before
 * anything else. False: the stream is gone. */
static bool step(struct encodethread *t, uint32_t word)
{
    struct futex_word frame = ring_seen(t->reader.rings[RING_FRAMES]);
    struct futex_word demand = {fanout_word(t->options.fanout), word};
    struct ring_view view;
    uint32_t kbit;
    bool keyframe = fanout_demand(t->options.fanout, t->options.bitrate_max, &kbit);
    uint64_t now = monotonic_ns(), next = next_encode(t, keyframe);
    atomic_store(&t->bitrate, kbit);
    int got = streamreader_check(&t->reader);
    if (got)
        return follow(t, got);
    ring_want(t->reader.rings[RING_FRAMES], true);
    t->reader.seen[RING_FRAMES] = next && next <= now ? 0 : t->number;
    got = streamreader_pin(&t->reader, RING_FRAMES, &view);
    if (got < 0 || got == STREAMREADER_REPLACED)
        return follow(t, got);
    if (got) {
        bool allowed = now - t->keyframe_ns >= KEYFRAME_GAP_MS * MS;
        encode_and_send(t, &view, keyframe && allowed, now);
        ring_unpin(t->reader.rings[RING_FRAMES]);
        return true;
    }
    struct timespec at = {(time_t)(next / (1000 * MS)), (long)(next % (1000 * MS))};
    futex_wait_two(frame, demand, next ? &at : NULL);
    return true;
}

static void *run(void *arg)
{
    struct encodethread *t = arg;
    _Atomic uint32_t *demand = fanout_word(t->options.fanout);
    for (;;) {
        uint32_t word = atomic_load(demand); /* before the states that it announces */
        if (atomic_load(&t->stopping))
            break;
        bool active = fanout_count(t->options.fanout) > 0;
        if (active && !t->reader.stream && attach(t)) {
            lost(t, stream_problem(errno));
            active = false;
        }
        if (!active)
            detach(t);
        if (!active || !step(t, word))
            futex_wait(demand, word, NULL);
    }
    detach(t);
    return NULL;
}

struct encodethread *encodethread_start(const struct encodethread_options *options)
{
    struct encodethread *t = g_new0(struct encodethread, 1);
    t->options = *options;
    atomic_store(&t->bitrate, options->bitrate);
    if (thread_start(&t->thread, run, t)) {
        int err = errno;
        g_free(t);
        errno = err;
        return NULL;
    }
    return t;
}

void encodethread_stop(struct encodethread *t)
{
    atomic_store(&t->stopping, true);
    futex_wake(fanout_word(t->options.fanout));
    pthread_join(t->thread, NULL);
    g_free(t);
}

void encodethread_stats(const struct encodethread *t, struct encodethread_stats *out)
{
    *out = (struct encodethread_stats){
        .bitrate = atomic_load(&t->bitrate),
        .width = atomic_load(&t->width),
        .height = atomic_load(&t->height),
        .frames = atomic_load(&t->frames),
        .keyframes = atomic_load(&t->keyframes),
        .bytes = atomic_load(&t->bytes),
    };
}
