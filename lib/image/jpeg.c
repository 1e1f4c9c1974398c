#include "image/jpeg.h"
#include "image/bt601.h"
#include "image/jpeghead.h"
#include "pixfmt.h"
#include "tool/scratch.h"
#include "tool/thread.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

enum {
    SHARE = 2,          /* a strip is a thread's share of the remaining rows, divided by this */
    SHARE_LEAST = 16,   /* but at least its share of all rows, divided by this */
    SINK_BYTES = 65536, /* size of a new buffer */
    ROWS_MAX = 16,      /* rows of a plane in one row of MCUs */
    BLOCK = 32          /* samples stretched at a time */
};

/* Destination of an encoding: the caller's memory, or a buffer that grows up to a limit. */
struct sink {
    uint8_t *data;
    size_t room, bytes, limit;
    bool grows;
};

/* The frame being encoded, shared by all threads. */
struct job {
    struct image image;
    struct pixfmt_planes planes;
    int quality;
    bool gray;         /* the JPEG has one component */
    int h, v;          /* sampling factors of its first component; the others' are 1 */
    bool other_matrix; /* the planes must be converted by to_bt601 */
    struct bt601 to_bt601;
    const char *comment; /* or NULL */
    unsigned interval;   /* MCUs between restart markers, one row; 0: no markers */
};

/* Some rows of MCUs, encoded as a separate JPEG. */
struct strip {
    uint32_t top, rows; /* rows of the frame */
    unsigned markers;   /* number of restart markers before it in the joined JPEG */
    struct sink sink;   /* of the first strip: the caller's memory */
    bool done;
};

/* State of one thread. */
struct encoder {
    struct jpeg *owner;
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr dest;
    jmp_buf bail; /* target of errors in libjpeg */
    int why;      /* errno of the last error */
    struct sink *sink;
    struct scratch rows; /* rows of planes in full range, padded to whole blocks */
};

struct jpeg {
    unsigned threads; /* the caller's included, which uses encoders[0] */
    struct encoder *encoders;
    pthread_t *workers;
    unsigned workers_running;
    struct strip *strips;
    unsigned strips_room;
    pthread_mutex_t lock; /* protects the rest; job and strips change only while busy is 0 */
    pthread_cond_t go, done;
    struct job job;
    unsigned count;  /* strips of the job */
    unsigned next;   /* number of strips taken by threads */
    unsigned busy;   /* number of strips being encoded */
    unsigned joined; /* number of strips joined, in order */
    bool joining;    /* a thread is joining strips */
    int err;
    bool quit;
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

_Noreturn static void bail_out(struct encoder *e, int why)
{
    e->why = why;
    longjmp(e->bail, 1);
}

static void on_error(j_common_ptr c)
{
    bail_out(c->client_data, c->err->msg_code == JERR_OUT_OF_MEMORY ? ENOMEM : EPROTO);
}

static void on_message(j_common_ptr c)
{
    (void)c; /* instead of printing it */
}

static void on_start(j_compress_ptr c)
{
    struct encoder *e = c->client_data;
    e->dest.next_output_byte = e->sink->data;
    e->dest.free_in_buffer = e->sink->room;
}

/* libjpeg calls this as soon as the last byte is used, so one byte of the room stays unused. */
static boolean on_full(j_compress_ptr c)
{
    struct encoder *e = c->client_data;
    struct sink *sink = e->sink;
    if (!sink->grows || sink->room >= sink->limit)
        bail_out(e, ENOSPC);
    size_t used = sink->room;
    size_t room = used > sink->limit / 2 ? sink->limit : used * 2;
    uint8_t *data = realloc(sink->data, room);
    if (!data)
        bail_out(e, ENOMEM);
    sink->data = data;
    sink->room = room;
    e->dest.next_output_byte = data + used;
    e->dest.free_in_buffer = room - used;
    return TRUE;
}

static void on_end(j_compress_ptr c)
{
    struct encoder *e = c->client_data;
    e->sink->bytes = e->sink->room - e->dest.free_in_buffer;
}

static int encoder_init(struct encoder *e)
{
    e->c.err = jpeg_std_error(&e->errors);
    e->errors.error_exit = on_error;
    e->errors.output_message = on_message;
    e->c.client_data = e;
    if (setjmp(e->bail)) {
        errno = e->why;
        return -1;
    }
    jpeg_create_compress(&e->c);
    e->dest.init_destination = on_start;
    e->dest.empty_output_buffer = on_full;
    e->dest.term_destination = on_end;
    e->c.dest = &e->dest;
    return 0;
}

static void encoder_free(struct encoder *e)
{
    jpeg_destroy_compress(&e->c);
    free(e->rows.data);
}

/* The scanline colour space of a packed format, or JCS_UNKNOWN for planes. */
static J_COLOR_SPACE packed_space(uint32_t format)
{
    switch (format) {
    case PIXFMT_RGB24:
        return JCS_EXT_RGB;
    case PIXFMT_BGR24:
        return JCS_EXT_BGR;
    case PIXFMT_RGBA:
        return JCS_EXT_RGBX;
    case PIXFMT_BGRA:
        return JCS_EXT_BGRX;
    default:
        return JCS_UNKNOWN;
    }
}

/*
 * DCT: JDCT_IFAST below quality 96, else JDCT_ISLOW, as in libjpeg-turbo's tjCompress2. On a
 * processor with AVX2, which only ISLOW uses, both are equally fast: 4.07 and 4.09 ms for 1080p at
 * quality 80.
 */
static void set_parameters(struct encoder *e, const struct job *job, uint32_t rows)
{
    struct jpeg_compress_struct *c = &e->c;
    J_COLOR_SPACE space = packed_space(job->image.format);
    c->image_width = job->image.width;
    c->image_height = rows;
    c->raw_data_in = FALSE;
    c->input_components = job->gray ? 1 : 3;
    c->in_color_space = job->gray ? JCS_GRAYSCALE : JCS_YCbCr;
    if (space != JCS_UNKNOWN) {
        c->input_components = (int)pixfmt_channels(job->image.format);
        c->in_color_space = space;
    }
    jpeg_set_defaults(c); /* keeps the memory of the last frame */
    jpeg_set_colorspace(c, job->gray ? JCS_GRAYSCALE : JCS_YCbCr);
    jpeg_set_quality(c, job->quality, TRUE);
    c->comp_info[0].h_samp_factor = job->h;
    c->comp_info[0].v_samp_factor = job->v;
    c->raw_data_in = space == JCS_UNKNOWN;
    c->restart_interval = job->interval;
    if (job->image.aspect_num) {
        c->X_density = (UINT16)job->image.aspect_num;
        c->Y_density = (UINT16)job->image.aspect_den;
    }
    c->dct_method = job->quality >= 96 ? JDCT_ISLOW : JDCT_FASTEST;
}

/* Row y of a plane, 0 the top one. */
static const uint8_t *plane_row(const struct job *job, const struct pixfmt_plane *plane, uint32_t y)
{
    return pixfmt_plane_row(job->image.data, plane, job->image.flags, y);
}

static void write_packed(struct encoder *e, const struct job *job, uint32_t top)
{
    struct jpeg_compress_struct *c = &e->c;
    while (c->next_scanline < c->image_height) {
        JSAMPROW rows[ROWS_MAX];
        uint32_t count = c->image_height - c->next_scanline;
        if (count > ROWS_MAX)
            count = ROWS_MAX;
        for (uint32_t i = 0; i < count; i++)
            rows[i] = (JSAMPROW)plane_row(job, &job->planes.plane[0], top + c->next_scanline + i);
        jpeg_write_scanlines(c, rows, count);
    }
}

/*
 * Stretches BLOCK samples from video's 16 … 235 (luma) or 240 (chroma) to JPEG's 0 … 255, rounded.
 * 16-bit arithmetic on a fixed count becomes vector code at -O2: 0.1 to 0.4 ms of 3 ms for a 1080p
 * frame, instead of 1.8 ms.
 */
static void stretch_luma(uint8_t *restrict to, const uint8_t *restrict from)
{
    for (int i = 0; i < BLOCK; i++) {
        uint16_t s = from[i] < 16 ? 16 : from[i] > 235 ? 235 : from[i];
        to[i] = (uint8_t)((uint16_t)((s - 16) * 298 + 128) >> 8); /* 298 / 256 is 255 / 219 */
    }
}

static void stretch_chroma(uint8_t *restrict to, const uint8_t *restrict from)
{
    for (int i = 0; i < BLOCK; i++) {
        int16_t s = from[i] < 16 ? 16 : from[i] > 240 ? 240 : from[i];
        to[i] = (uint8_t)(128 + ((int16_t)((s - 128) * 291 + 128) >> 8)); /* 255 / 224 */
    }
}

/* Copies a row of a plane in the form for libjpeg: full range, its last sample repeated up to
 * padded. */
static void copy_row(uint8_t *to, const uint8_t *from, uint32_t width, uint32_t padded,
                     bool limited, bool chroma)
{
    if (limited) {
        void (*stretch)(uint8_t *restrict, const uint8_t *restrict) =
            chroma ? stretch_chroma : stretch_luma;
        uint32_t x = 0;
        for (; width - x >= BLOCK; x += BLOCK)
            stretch(to + x, from + x);
        if (x < width) {
            uint8_t rest[2][BLOCK] = {{0}};
            memcpy(rest[0], from + x, width - x);
            stretch(rest[1], rest[0]);
            memcpy(to + x, rest[1], width - x);
        }
    } else {
        memcpy(to, from, width);
    }
    memset(to + width, to[width - 1], padded - width);
}

/* Converts the rows of a row of MCUs, in full range, of which the first is row y of the frame. Rows
 * below the frame are the last one again. */
static void convert_matrix(struct encoder *e, const struct job *job, uint32_t y,
                           JSAMPARRAY planes[3])
{
    const jpeg_component_info *info = e->c.comp_info;
    uint32_t v = (uint32_t)job->v;
    for (uint32_t i = 0; i < DCTSIZE && y < job->image.height; i++, y += v) {
        uint32_t rows = job->image.height - y < v ? job->image.height - y : v;
        bt601_rows(&job->to_bt601, planes[0] + i * v, rows,
                   (size_t)info[0].width_in_blocks * DCTSIZE, planes[1][i], planes[2][i],
                   (size_t)info[1].width_in_blocks * DCTSIZE, (unsigned)job->h);
    }
}

/*
 * Copies every row first, though most could be encoded in place. Encoding reads blocks from many
 * rows at once, which defeats the processor's prefetching; copying row by row does not.
 */
static void write_planes(struct encoder *e, const struct job *job, uint32_t top)
{
    struct jpeg_compress_struct *c = &e->c;
    bool limited = job->image.flags & PIXFMT_LIMITED;
    size_t need = 0;
    for (int p = 0; p < c->num_components; p++)
        need += (size_t)ROWS_MAX * c->comp_info[p].width_in_blocks * DCTSIZE;
    uint8_t *room = scratch_get(&e->rows, need);
    if (!room)
        bail_out(e, ENOMEM);
    while (c->next_scanline < c->image_height) {
        JSAMPROW rows[3][ROWS_MAX];
        JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
        uint8_t *copy = room;
        for (int p = 0; p < c->num_components; p++) {
            const struct pixfmt_plane *plane = &job->planes.plane[p];
            int v = c->comp_info[p].v_samp_factor, count = v * DCTSIZE;
            uint32_t padded = c->comp_info[p].width_in_blocks * DCTSIZE;
            uint32_t y = (top + c->next_scanline) / (uint32_t)job->v * (uint32_t)v;
            for (int i = 0; i < count; i++, y++) {
                if (y >= plane->height) { /* below the frame: repeats the last row */
                    rows[p][i] = rows[p][i - 1];
                    continue;
                }
                copy_row(copy, plane_row(job, plane, y), plane->width, padded, limited, p > 0);
                rows[p][i] = copy;
                copy += padded;
            }
        }
        if (job->other_matrix)
            convert_matrix(e, job, top + c->next_scanline, planes);
        jpeg_write_raw_data(c, planes, (JDIMENSION)job->v * DCTSIZE);
    }
}

enum { RST0 = 0xd0, EOI_BYTES = 2 };

/* Renumbers a strip's restart markers, which start at 0, to follow those of earlier strips. */
static void renumber_markers(struct strip *strip)
{
    uint8_t *p = strip->sink.data, *end = p + strip->sink.bytes;
    if (strip->markers % 8 == 0)
        return;
    for (; (p = memchr(p, 0xff, (size_t)(end - p))) && end - p > 1; p += 2)
        if ((p[1] & 0xf8) == RST0)
            p[1] = (uint8_t)(RST0 + (p[1] + strip->markers) % 8);
}

/* Encodes one strip. 0, or an errno. */
static int encode_strip(struct encoder *e, const struct job *job, struct strip *strip)
{
    struct jpeg_compress_struct *c = &e->c;
    e->sink = &strip->sink;
    if (setjmp(e->bail)) {
        jpeg_abort_compress(c);
        return e->why;
    }
    set_parameters(e, job, strip->rows);
    jpeg_start_compress(c, TRUE);
    if (job->comment && strip->top == 0)
        jpeg_write_marker(c, JPEG_COM, (const JOCTET *)job->comment,
                          (unsigned)strlen(job->comment));
    if (c->raw_data_in)
        write_planes(e, job, strip->top);
    else
        write_packed(e, job, strip->top);
    jpeg_finish_compress(c);
    renumber_markers(strip);
    return 0;
}

/*
 * Appends a strip to the first one. Strips are whole JPEGs with the same tables: the first one's
 * header is kept, with the height corrected (it has the DRI already); of the others only the
 * entropy-coded data is used, after a restart marker. 0, or an errno.
 */
static int join_strip(struct jpeg *jpeg, const struct strip *strip)
{
    struct sink *first = &jpeg->strips[0].sink;
    uint8_t *out = first->data + first->bytes;
    struct jpeghead head;
    if (!jpeghead_find(&head, strip->sink.data, strip->sink.bytes))
        return EPROTO;
    if (strip->top == 0) {
        jpeghead_resize(&head, first->data, jpeg->job.image.width, jpeg->job.image.height);
        return 0;
    }
    size_t count =
        strip->sink.bytes - head.bytes; /* with the EOI, which the next strip overwrites */
    if (first->room - first->bytes < count)
        return ENOSPC;
    out[-EOI_BYTES] = 0xff;
    out[1 - EOI_BYTES] = (uint8_t)(RST0 + (strip->markers - 1) % 8);
    memcpy(out, strip->sink.data + head.bytes, count);
    first->bytes += count;
    return 0;
}

/* Called with the lock held: joins the finished strips that follow the joined ones, so that little
 * is left to do after the last strip. */
static void join_done(struct jpeg *jpeg)
{
    if (jpeg->joining)
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
static void take_strips(struct jpeg *jpeg, struct encoder *e)
{
    while (jpeg->next < jpeg->count) {
        struct strip *strip = &jpeg->strips[jpeg->next++];
        jpeg->busy++;
        pthread_mutex_unlock(&jpeg->lock);
        int err = encode_strip(e, &jpeg->job, strip);
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
    struct encoder *e = arg;
    struct jpeg *jpeg = e->owner;
    pthread_mutex_lock(&jpeg->lock);
    while (!jpeg->quit) {
        take_strips(jpeg, e);
        if (!jpeg->quit)
            pthread_cond_wait(&jpeg->go, &jpeg->lock);
    }
    pthread_mutex_unlock(&jpeg->lock);
    return NULL;
}

static int start_workers(struct jpeg *jpeg)
{
    for (unsigned i = 0; i < jpeg->threads - 1; i++, jpeg->workers_running++)
        if (thread_start(&jpeg->workers[i], work, &jpeg->encoders[i + 1]))
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
    jpeg->encoders = calloc(threads, sizeof *jpeg->encoders);
    jpeg->workers = calloc(threads, sizeof *jpeg->workers);
    if (!jpeg->encoders || !jpeg->workers)
        goto fail;
    for (; jpeg->threads < threads; jpeg->threads++) {
        struct encoder *e = &jpeg->encoders[jpeg->threads];
        e->owner = jpeg;
        if (encoder_init(e))
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
    for (unsigned i = 0; i < jpeg->workers_running; i++)
        pthread_join(jpeg->workers[i], NULL);
    for (unsigned i = 0; i < jpeg->threads; i++)
        encoder_free(&jpeg->encoders[i]);
    for (unsigned i = 1; i < jpeg->strips_room; i++)
        free(jpeg->strips[i].sink.data);
    pthread_mutex_destroy(&jpeg->lock);
    pthread_cond_destroy(&jpeg->go);
    pthread_cond_destroy(&jpeg->done);
    free(jpeg->strips);
    free(jpeg->workers);
    free(jpeg->encoders);
    free(jpeg);
    errno = saved;
}

/* Strip number `at`, with a buffer unless it is the first. NULL: no memory. */
static struct strip *strip_at(struct jpeg *jpeg, unsigned at)
{
    if (at == jpeg->strips_room) {
        struct strip *strips = realloc(jpeg->strips, (at + 1) * sizeof *strips);
        if (!strips)
            return NULL;
        jpeg->strips = strips;
        strips[at] = (struct strip){.sink = {.grows = true}};
        if (at && !(strips[at].sink.data = malloc(SINK_BYTES)))
            return NULL;
        strips[at].sink.room = SINK_BYTES;
        jpeg->strips_room++;
    }
    return &jpeg->strips[at];
}

/*
 * Cuts the frame into strips of whole rows of MCUs, large ones first: starting a strip costs as
 * much as ten MCUs, and at the end threads wait for each other at most the time of a small one. The
 * marker after each row adds less than 0.1 % to the size.
 * out: room bytes for the joined JPEG. Returns the number of strips, 0: no memory.
 */
static unsigned plan_strips(struct jpeg *jpeg, struct job *job, void *out, size_t room)
{
    uint32_t mcu_width = (uint32_t)job->h * DCTSIZE, mcu_height = (uint32_t)job->v * DCTSIZE;
    uint32_t columns = (job->image.width + mcu_width - 1) / mcu_width;
    uint32_t all = (job->image.height + mcu_height - 1) / mcu_height, top = 0;
    uint32_t least = all / (jpeg->threads * SHARE_LEAST) + 1;
    unsigned count = 0;
    for (uint32_t rows; top < all; top += rows, count++) {
        struct strip *strip = strip_at(jpeg, count);
        if (!strip)
            return 0;
        rows = jpeg->threads == 1 ? all : (all - top) / (jpeg->threads * SHARE);
        rows = rows < least ? least : rows;
        rows = rows > all - top ? all - top : rows;
        strip->top = top * mcu_height;
        strip->rows = top + rows == all ? job->image.height - strip->top : rows * mcu_height;
        strip->markers = top;
        strip->done = false;
        strip->sink.limit = room;
    }
    jpeg->strips[0].sink = (struct sink){.data = out, .room = room};
    job->interval = count > 1 ? columns : 0; /* at most 65500 / 8: DRI holds 16 bits */
    return count;
}

/* Completes the job. false: bad size, format or other property of the image. */
static bool plan_job(struct job *job, enum jpeg_sampling sampling)
{
    if (!pixfmt_is_image(job->image.format) || !pixfmt_known(&job->image) ||
        !pixfmt_plan_image(&job->image, &job->planes))
        return false;
    job->gray = sampling == JPEG_GRAY || job->image.format == PIXFMT_GRAY8;
    job->h = job->v = 1;
    if (job->gray)
        return true;
    if (job->image.format == PIXFMT_YUV420P)
        sampling = JPEG_420;
    else if (job->image.format == PIXFMT_YUV422P)
        sampling = JPEG_422;
    else if (job->image.format == PIXFMT_YUV444P)
        sampling = JPEG_444;
    job->h = sampling == JPEG_444 ? 1 : 2;
    job->v = sampling == JPEG_420 ? 2 : 1;
    job->other_matrix =
        pixfmt_is_yuv(job->image.format) && bt601_from(&job->to_bt601, job->image.matrix, false);
    return true;
}

size_t jpeg_encode(struct jpeg *jpeg, const struct image *image, int quality,
                   enum jpeg_sampling sampling, const char *comment, void *out, size_t room)
{
    struct job job = {.image = *image, .quality = quality, .comment = comment};
    if (!plan_job(&job, sampling) || quality < 1 || quality > 100) {
        errno = EINVAL;
        return 0;
    }
    if (room < 2) {
        errno = ENOSPC;
        return 0;
    }
    unsigned count = plan_strips(jpeg, &job, out, room);
    if (!count)
        return 0;
    pthread_mutex_lock(&jpeg->lock);
    jpeg->job = job;
    jpeg->err = 0;
    jpeg->next = jpeg->joined = 0;
    jpeg->count = count;
    if (count > 1)
        pthread_cond_broadcast(&jpeg->go);
    take_strips(jpeg, &jpeg->encoders[0]);
    while (jpeg->busy)
        pthread_cond_wait(&jpeg->done, &jpeg->lock);
    int err = jpeg->err;
    pthread_mutex_unlock(&jpeg->lock);
    if (!err)
        return jpeg->strips[0].sink.bytes;
    errno = err;
    return 0;
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
