#include "image/jpeg.h"
#include "image/jpegcoder.h"
#include "image/jpeghead.h"
#include "tool/thread.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARE = 2,          /* a strip is a thread's share of the remaining tiles, divided by this */
    SHARE_LEAST = 16,   /* but at least its share of all tiles, divided by this */
    STRIP_LEAST = 256,  /* MCUs of changed tiles that are worth waking a thread for */
    TILE_WIDTH = 160,   /* pixels */
    SINK_BYTES = 65536, /* size of a new buffer */
    RST0 = 0xd0,
    EOI_BYTES = 2
};

/* A rectangle of tiles that is encoded as a separate JPEG. */
struct piece {
    struct tilerect tiles;
    size_t at, bytes; /* the JPEG in the strip's sink */
};

/* Some pieces that one thread encodes after each other. */
struct strip {
    unsigned first, count;      /* pieces */
    struct jpegcoder_sink sink; /* with a buffer of its own */
    bool done;
};

/* State of one thread. */
struct worker {
    struct jpeg *owner;
    struct jpegcoder *coder;
    pthread_t thread;
};

struct jpeg {
    unsigned threads; /* the caller's included, which uses workers[0] */
    struct worker *workers;
    unsigned workers_running;
    struct strip *strips;
    unsigned strips_room;
    struct piece *pieces;
    unsigned pieces_room;
    pthread_mutex_t
        lock; /* protects the rest; job, pieces and strips change only while busy is 0 */
    pthread_cond_t go, done;
    struct jpegcoder_job job;
    struct jpeg_tiling tiling; /* of the job */
    struct jpegcoder_sink out; /* the caller's memory: of the first strip, where the others are
                                  joined; data NULL: strips are not joined */
    unsigned count;            /* strips of the job */
    unsigned next;             /* number of strips taken by threads */
    unsigned busy;             /* number of strips being encoded */
    unsigned joined;           /* number of strips joined, in order */
    bool joining;              /* a thread is joining strips */
    int err;
    bool quit;
};

/* The remaining tiles of a job. */
struct todo {
    struct tilerects marked;
    struct tilerect next; /* without rows: the next one is among the marked tiles */
    size_t tiles;         /* their number */
    size_t least;         /* number of tiles for a strip */
};

int jpeg_sampling(const char *name)
{
    static const char names[][5] = {
        [JPEG_444] = "444", [JPEG_422] = "422", [JPEG_420] = "420", [JPEG_GRAY] = "gray"};
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
        if (!strcmp(name, names[i]))
            return i;
    return -1;
}

/* --- encoding and joining strips --- */

/* The part of the frame that a piece has. */
static struct jpegcoder_area area_of(const struct jpeg *jpeg, const struct tilerect *tiles)
{
    const struct jpeg_tiling *t = &jpeg->tiling;
    const struct image *image = &jpeg->job.image;
    struct jpegcoder_area area = {.left = tiles->column * t->tile_width,
                                  .top = tiles->row * t->tile_height,
                                  .width = tiles->columns * t->tile_width,
                                  .height = tiles->rows * t->tile_height};
    if (area.width > image->width - area.left)
        area.width = image->width - area.left;
    if (area.height > image->height - area.top)
        area.height = image->height - area.top;
    return area;
}

/* Renumbers a strip's restart markers, which start at 0, to follow those of earlier strips. */
static void renumber_markers(const struct jpegcoder_sink *sink, unsigned earlier)
{
    uint8_t *p = sink->data, *end = p + sink->bytes;
    if (earlier % 8 == 0)
        return;
    for (; (p = memchr(p, 0xff, (size_t)(end - p))) && end - p > 1; p += 2)
        if ((p[1] & 0xf8) == RST0)
            p[1] = (uint8_t)(RST0 + (p[1] + earlier) % 8);
}

/* Encodes one strip. 0, or an errno. */
static int encode_strip(struct jpeg *jpeg, struct jpegcoder *coder, struct strip *strip)
{
    bool joined = jpeg->out.data;
    struct jpegcoder_sink *sink = joined && strip == jpeg->strips ? &jpeg->out : &strip->sink;
    for (unsigned i = strip->first; i < strip->first + strip->count; i++) {
        struct piece *piece = &jpeg->pieces[i];
        struct jpegcoder_area area = area_of(jpeg, &piece->tiles);
        piece->at = sink->bytes;
        int err = jpegcoder_encode(coder, &jpeg->job, &area, sink);
        if (err)
            return err;
        piece->bytes = sink->bytes - piece->at;
    }
    if (joined)
        renumber_markers(sink, jpeg->pieces[strip->first].tiles.row);
    return 0;
}

/*
 * Appends a strip to the first one. Strips are whole JPEGs with the same tables: the first one's
 * header is kept, with the height corrected; of the others only the coded bytes are used, after a
 * restart marker. 0, or an errno.
 */
static int join_strip(struct jpeg *jpeg, const struct strip *strip)
{
    struct jpegcoder_sink *out = &jpeg->out;
    const struct jpegcoder_sink *sink = strip == jpeg->strips ? out : &strip->sink;
    uint8_t *end = out->data + out->bytes;
    struct jpeghead head;
    if (!jpeghead_find(&head, sink->data, sink->bytes))
        return EPROTO;
    if (sink == out) {
        jpeghead_resize(&head, out->data, jpeg->job.image.width, jpeg->job.image.height);
        return 0;
    }
    size_t count = sink->bytes - head.bytes; /* with EOI, which the next strip overwrites */
    if (out->room - out->bytes < count)
        return ENOSPC;
    end[-EOI_BYTES] = 0xff;
    end[1 - EOI_BYTES] = (uint8_t)(RST0 + (jpeg->pieces[strip->first].tiles.row - 1) % 8);
    memcpy(end, sink->data + head.bytes, count);
    out->bytes += count;
    return 0;
}

/* Called with the lock held: joins the finished strips that follow the joined ones, so that little
 * is left to do after the last strip. */
static void join_done(struct jpeg *jpeg)
{
    if (!jpeg->out.data || jpeg->joining)
        return;
    jpeg->joining = true;
    while (!jpeg->err && jpeg->joined < jpeg->count && jpeg->strips[jpeg->joined].done) {
        const struct strip *strip = &jpeg->strips[jpeg->joined];
        pthread_mutex_unlock(&jpeg->lock);
        int err = join_strip(jpeg, strip);
        pthread_mutex_lock(&jpeg->lock);
        jpeg->joined++;
        if (err)
            jpeg->err = err;
    }
    jpeg->joining = false;
}

/* Called with the lock held: encodes strips until all are taken. */
static void take_strips(struct jpeg *jpeg, struct jpegcoder *coder)
{
    while (jpeg->next < jpeg->count) {
        struct strip *strip = &jpeg->strips[jpeg->next++];
        jpeg->busy++;
        pthread_mutex_unlock(&jpeg->lock);
        int err = encode_strip(jpeg, coder, strip);
        pthread_mutex_lock(&jpeg->lock);
        strip->done = !err;
        if (err)
            jpeg->err = err;
        join_done(jpeg);
        jpeg->busy--;
        if (jpeg->err)
            jpeg->next = jpeg->count; /* skips the other strips */
    }
    if (!jpeg->busy)
        pthread_cond_signal(&jpeg->done);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct jpeg *jpeg = worker->owner;
    pthread_mutex_lock(&jpeg->lock);
    while (!jpeg->quit) {
        take_strips(jpeg, worker->coder);
        if (!jpeg->quit)
            pthread_cond_wait(&jpeg->go, &jpeg->lock);
    }
    pthread_mutex_unlock(&jpeg->lock);
    return NULL;
}

static int start_workers(struct jpeg *jpeg)
{
    for (unsigned i = 1; i < jpeg->threads; i++, jpeg->workers_running++)
        if (thread_start(&jpeg->workers[i].thread, work, &jpeg->workers[i]))
            return -1;
    return 0;
}

struct jpeg *jpeg_new(unsigned threads)
{
    struct jpeg *jpeg = calloc(1, sizeof *jpeg);
    if (!jpeg)
        return NULL;
    pthread_mutex_init(&jpeg->lock, NULL);
    pthread_cond_init(&jpeg->go, NULL);
    pthread_cond_init(&jpeg->done, NULL);
    jpeg->workers = calloc(threads, sizeof *jpeg->workers);
    if (!jpeg->workers)
        goto fail;
    for (; jpeg->threads < threads; jpeg->threads++) {
        struct worker *worker = &jpeg->workers[jpeg->threads];
        worker->owner = jpeg;
        if (!(worker->coder = jpegcoder_new()))
            goto fail;
    }
    if (start_workers(jpeg))
        goto fail;
    return jpeg;
fail:
    jpeg_free(jpeg);
    return NULL;
}

void jpeg_free(struct jpeg *jpeg)
{
    if (!jpeg)
        return;
    int saved = errno;
    pthread_mutex_lock(&jpeg->lock);
    jpeg->quit = true;
    pthread_cond_broadcast(&jpeg->go);
    pthread_mutex_unlock(&jpeg->lock);
    for (unsigned i = 1; i <= jpeg->workers_running; i++)
        pthread_join(jpeg->workers[i].thread, NULL);
    for (unsigned i = 0; i < jpeg->threads; i++)
        jpegcoder_free(jpeg->workers[i].coder);
    for (unsigned i = 0; i < jpeg->strips_room; i++)
        free(jpeg->strips[i].sink.data);
    pthread_mutex_destroy(&jpeg->lock);
    pthread_cond_destroy(&jpeg->go);
    pthread_cond_destroy(&jpeg->done);
    free(jpeg->strips);
    free(jpeg->pieces);
    free(jpeg->workers);
    free(jpeg);
    errno = saved;
}

/* --- planning --- */

/* Strip number `at`, empty. NULL: no memory. */
static struct strip *strip_at(struct jpeg *jpeg, unsigned at)
{
    if (at == jpeg->strips_room) {
        struct strip *strips = realloc(jpeg->strips, (at + 1) * sizeof *strips);
        if (!strips)
            return NULL;
        jpeg->strips = strips;
        strips[at] = (struct strip){.sink = {.grows = true, .room = SINK_BYTES}};
        if (!(strips[at].sink.data = malloc(SINK_BYTES)))
            return NULL;
        jpeg->strips_room++;
    }
    jpeg->strips[at].sink.bytes = 0;
    jpeg->strips[at].done = false;
    return &jpeg->strips[at];
}

/* Adds a piece of about `want` tiles, whole rows of them. Its number of tiles; 0: no memory. */
static size_t add_piece(struct jpeg *jpeg, unsigned at, struct todo *todo, size_t want)
{
    if (at == jpeg->pieces_room) {
        unsigned room = at ? 2 * at : 16;
        struct piece *pieces = realloc(jpeg->pieces, room * sizeof *pieces);
        if (!pieces)
            return 0;
        jpeg->pieces = pieces;
        jpeg->pieces_room = room;
    }
    struct tilerect *next = &todo->next, *tiles = &jpeg->pieces[at].tiles;
    if (!next->rows)
        tilerects_next(&todo->marked, next);
    size_t rows = (want - 1) / next->columns + 1;
    *tiles = *next;
    tiles->rows = rows < next->rows ? (uint32_t)rows : next->rows;
    next->row += tiles->rows;
    next->rows -= tiles->rows;
    return (size_t)tiles->columns * tiles->rows;
}

/*
 * Divides the work into strips, large ones first: starting a strip costs as much as ten MCUs, and
 * at the end threads wait for each other at most the time of a small one. Returns the number of
 * strips, 0: no memory.
 */
static unsigned plan_strips(struct jpeg *jpeg, struct todo *todo)
{
    unsigned pieces = 0, count = 0;
    size_t least = todo->tiles / (jpeg->threads * SHARE_LEAST) + 1;
    if (least < todo->least)
        least = todo->least;
    for (; todo->tiles; count++) {
        struct strip *strip = strip_at(jpeg, count);
        if (!strip)
            return 0;
        size_t want = jpeg->threads == 1 ? todo->tiles : todo->tiles / (jpeg->threads * SHARE);
        want = want < least ? least : want;
        want = want < todo->tiles ? want : todo->tiles;
        strip->first = pieces;
        strip->sink.limit = jpeg->out.data ? jpeg->out.room : SIZE_MAX;
        for (size_t have = 0, more; have < want; have += more, todo->tiles -= more) {
            more = add_piece(jpeg, pieces, todo, want - have);
            if (!more)
                return 0;
            pieces++;
        }
        strip->count = pieces - strip->first;
    }
    return count;
}

/* Encodes the tiles of todo, strip by strip. 0, or -1 with errno. */
static int encode_strips(struct jpeg *jpeg, struct todo *todo)
{
    unsigned count = plan_strips(jpeg, todo);
    if (!count)
        return -1;
    pthread_mutex_lock(&jpeg->lock);
    jpeg->err = 0;
    jpeg->next = jpeg->joined = 0;
    jpeg->count = count;
    if (count > 1)
        pthread_cond_broadcast(&jpeg->go);
    take_strips(jpeg, jpeg->workers[0].coder);
    while (jpeg->busy)
        pthread_cond_wait(&jpeg->done, &jpeg->lock);
    int err = jpeg->err;
    pthread_mutex_unlock(&jpeg->lock);
    if (!err)
        return 0;
    errno = err;
    return -1;
}

/* Number of MCUs along a side of the picture. */
static uint32_t mcus(uint32_t side, int factor)
{
    return (side - 1) / ((uint32_t)factor * JPEGCODER_BLOCK) + 1;
}

/* Tiles of `interval` MCUs. */
static struct jpeg_tiling tiling_of(const struct jpegcoder_job *job, uint32_t interval)
{
    return (struct jpeg_tiling){.tile_width = interval * (uint32_t)job->h * JPEGCODER_BLOCK,
                                .tile_height = (uint32_t)job->v * JPEGCODER_BLOCK,
                                .columns = mcus(job->image.width, job->h) / interval,
                                .rows = mcus(job->image.height, job->v)};
}

/* The least number of MCUs that is a tile's width or more, and divides a row of MCUs. */
static uint32_t tile_interval(const struct jpegcoder_job *job)
{
    uint32_t row = mcus(job->image.width, job->h);
    uint32_t interval = TILE_WIDTH / ((uint32_t)job->h * JPEGCODER_BLOCK);
    while (interval < row && row % interval)
        interval++;
    return interval < row ? interval : row;
}

static bool plan_job(struct jpegcoder_job *job, const struct image *image, int quality,
                     enum jpeg_sampling sampling, const char *comment)
{
    *job = (struct jpegcoder_job){.image = *image, .quality = quality, .comment = comment};
    if (jpegcoder_plan(job, sampling))
        return true;
    errno = EINVAL;
    return false;
}

/* --- whole pictures --- */

size_t jpeg_encode(struct jpeg *jpeg, const struct image *image, int quality,
                   enum jpeg_sampling sampling, const char *comment, void *out, size_t room)
{
    if (!plan_job(&jpeg->job, image, quality, sampling, comment))
        return 0;
    if (room < 2) {
        errno = ENOSPC;
        return 0;
    }
    jpeg->job.interval = mcus(image->width, jpeg->job.h); /* at most 65500 / 8: DRI has 16 bits */
    jpeg->tiling = tiling_of(&jpeg->job, jpeg->job.interval);
    jpeg->out = (struct jpegcoder_sink){.data = out, .room = room};
    struct todo todo = {.next = {.columns = 1, .rows = jpeg->tiling.rows},
                        .tiles = jpeg->tiling.rows};
    return encode_strips(jpeg, &todo) ? 0 : jpeg->out.bytes;
}

size_t jpeg_bound(uint32_t width, uint32_t height)
{
    struct pixfmt_planes layout;
    if (!pixfmt_plan(PIXFMT_YUV444P, width, height, &layout))
        return 0;
    /* 64 coefficients of at most 27 bits a block, 0xff stuffed; on average far less than 4 bytes.
     */
    size_t blocks = (((size_t)width + 15) / 16) * (((size_t)height + 15) / 16) * 12;
    return blocks * 64 * 4 + 65536 * 2;
}

/* --- tiles --- */

bool jpeg_tile(const struct image *image, enum jpeg_sampling sampling, struct jpeg_tiling *out)
{
    struct jpegcoder_job job;
    if (!plan_job(&job, image, 1, sampling, NULL))
        return false;
    *out = tiling_of(&job, tile_interval(&job));
    return true;
}

int jpeg_encode_tiles(struct jpeg *jpeg, const struct image *image, int quality,
                      enum jpeg_sampling sampling, uint8_t *marked, size_t count)
{
    if (!plan_job(&jpeg->job, image, quality, sampling, NULL))
        return -1;
    if (!count)
        return 0;
    jpeg->job.interval = tile_interval(&jpeg->job);
    jpeg->tiling = tiling_of(&jpeg->job, jpeg->job.interval);
    jpeg->out.data = NULL;
    struct todo todo = {
        .marked = {.marked = marked, .columns = jpeg->tiling.columns, .rows = jpeg->tiling.rows},
        .tiles = count,
        .least = STRIP_LEAST / jpeg->job.interval};
    if (encode_strips(jpeg, &todo))
        return -1;
    const struct strip *last = &jpeg->strips[jpeg->count - 1];
    return (int)(last->first + last->count);
}

struct jpeg_piece jpeg_piece(const struct jpeg *jpeg, unsigned number)
{
    const struct piece *piece = &jpeg->pieces[number];
    const struct strip *strip = jpeg->strips;
    while (number >= strip->first + strip->count)
        strip++;
    return (struct jpeg_piece){piece->tiles, strip->sink.data + piece->at, piece->bytes};
}
