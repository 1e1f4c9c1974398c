/*
 * The frames' thread: the newest frame into packets, once for all outlets. Without outlets it has
 * the stream not even attached, and sleeps.
 */
#include "encoder.h"
#include "mediaparts.h"
#include "monotonic.h"
#include "shmfmt.h"
#include "stream.h"
#include "futex.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define MS UINT64_C(1000000)

enum {
    KEY_GAP_MS = 300, /* between keyframes that were asked for */
    AGAIN_MS = 100,   /* the last picture goes again after so long without a newer one: to be sharp,
                         and because nothing that came after it would show that it got lost */
    AGAIN_TIMES = 10
};

struct frames {
    struct pipeline *media;
    struct stream *stream;
    struct ring *ring;
    const struct shmfmt_ring *head; /* for its futex word */
    struct encoder *encoder;
    uint64_t seen;    /* number of the last frame; 0: none */
    uint64_t last_ns; /* when it was encoded */
    uint64_t key_ns;  /* when a keyframe was */
    unsigned again;   /* times that it was encoded again */
};

static void frames_close(struct frames *f)
{
    ring_close(f->ring);
    stream_close(f->stream);
    f->ring = NULL;
    f->stream = NULL;
}

static int frames_open(struct frames *f)
{
    f->stream = stream_attach(f->media->stream, STREAM_READ);
    f->ring = f->stream ? ring_open_reader(f->stream, RING_FRAMES) : NULL;
    if (!f->ring) {
        stream_close(f->stream);
        f->stream = NULL;
        return -1;
    }
    f->head = stream_at(f->stream, stream_header(f->stream)->frames_at);
    f->seen = 0;
    return 0;
}

/* Nothing is left of what was in use. */
static void frames_rest(struct frames *f)
{
    frames_close(f);
    encoder_free(f->encoder);
    f->encoder = NULL;
}

/* What the outlets want: a keyframe? And sets the bitrate to what all of them can take. */
static bool ask_outlets(struct pipeline *media)
{
    uint32_t kbit = media->options.bitrate_max;
    bool key = false;
    pthread_mutex_lock(&media->lock);
    for (struct outlet *outlet = media->outlets; outlet; outlet = outlet->next) {
        uint32_t allowed = atomic_load(&outlet->allowed);
        key |= atomic_load(&outlet->wants_key);
        kbit = allowed < kbit ? allowed : kbit;
    }
    pthread_mutex_unlock(&media->lock);
    atomic_store(&media->bitrate, kbit);
    return key;
}

static void send_out(struct frames *f, const struct coded *coded, const struct ring_meta *meta)
{
    struct pipeline *media = f->media;
    pthread_mutex_lock(&media->lock);
    for (struct outlet *outlet = media->outlets; outlet; outlet = outlet->next)
        outlet_push(outlet, coded);
    pthread_mutex_unlock(&media->lock);
    atomic_fetch_add(&media->pictures, 1);
    atomic_fetch_add(&media->keyframes, coded->keyframe);
    atomic_fetch_add(&media->bytes, coded->bytes);
    atomic_store(&media->width, meta->width);
    atomic_store(&media->height, meta->height);
    struct pipeline_frame frame = {meta->number, meta->event, meta->captured_ns, coded->rtp};
    pipeline_sent(media, &frame);
}

/* The pinned frame, to all. */
static void frames_send(struct frames *f, const struct ring_view *view, bool key, uint64_t now)
{
    struct pipeline *media = f->media;
    struct coded coded;
    if (!f->encoder)
        f->encoder = encoder_new(media->options.codec, atomic_load(&media->bitrate), media->ssrc);
    if (!f->encoder) {
        pipeline_lost(media, "the encoder can't be made");
        return;
    }
    bool new = view->meta.number != f->seen;
    encoder_bitrate(f->encoder, atomic_load(&media->bitrate));
    int made = encoder_picture(f->encoder, view, key, now, &coded);
    if (made < 0) {
        /* What the encoder is in now nobody knows. */
        encoder_free(f->encoder);
        f->encoder = NULL;
        f->seen = view->meta.number;
        f->again = AGAIN_TIMES;
        pipeline_lost(media, "a picture of this size or format can't be encoded");
        return;
    }
    f->seen = view->meta.number;
    f->last_ns = now;
    f->again = new || key ? 0 : f->again + 1;
    if (!made)
        return;
    if (coded.keyframe)
        f->key_ns = now;
    send_out(f, &coded, &view->meta);
}

/* After ESTALE or EIDRM: true when there is a stream to go on with. */
static bool frames_follow(struct frames *f)
{
    bool replaced = errno == ESTALE;
    frames_close(f);
    if (replaced && frames_open(f) == 0)
        return true;
    pipeline_lost(f->media, replaced ? stream_problem(errno) : "the stream was removed");
    return false;
}

/* When there is something to do without a new frame; 0: never. */
static uint64_t frames_due(const struct frames *f, bool key)
{
    if (!f->seen)
        return 0;
    uint64_t again = f->again < AGAIN_TIMES ? f->last_ns + AGAIN_MS * MS : 0;
    uint64_t at = key ? f->key_ns + KEY_GAP_MS * MS : 0;
    return !again || (at && at < again) ? at : again;
}

/* One look at the stream: sends a picture, or sleeps. False: it is no more. */
static bool frames_look(struct frames *f, uint32_t stir)
{
    struct futex_word frame = {&f->head->wake, atomic_load(&f->head->wake)};
    struct futex_word ours = {&f->media->stir, stir};
    struct ring_view view;
    bool key = ask_outlets(f->media);
    uint64_t now = monotonic_ns(), due = frames_due(f, key);
    if (stream_alive(f->stream))
        return frames_follow(f);
    int got = ring_pin(f->ring, due && due <= now ? 0 : f->seen, &view);
    if (got < 0)
        return frames_follow(f);
    if (got) {
        bool may = now - f->key_ns >= KEY_GAP_MS * MS;
        frames_send(f, &view, key && may, now);
        ring_unpin(f->ring);
        return true;
    }
    struct timespec at = {(time_t)(due / (1000 * MS)), (long)(due % (1000 * MS))};
    futex_wait_two(frame, ours, due ? &at : NULL);
    return true;
}

void *frames_run(void *arg)
{
    struct pipeline *media = arg;
    struct frames f = {.media = media};
    for (;;) {
        uint32_t stir = atomic_load(&media->stir); /* before anything is looked at */
        if (atomic_load(&media->ending))
            break;
        bool wanted = atomic_load(&media->wanted) > 0;
        if (wanted && !f.stream && frames_open(&f)) {
            pipeline_lost(media, stream_problem(errno));
            wanted = false;
        }
        if (!wanted)
            frames_rest(&f);
        if (wanted ? !frames_look(&f, stir) : futex_wait(&media->stir, stir, NULL) != 0)
            futex_wait(&media->stir, stir, NULL);
    }
    frames_rest(&f);
    return NULL;
}
