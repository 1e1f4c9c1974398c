#include "image/jpegcoder.h"
#include "tool/scratch.h"
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

enum {
    ROWS_MAX = 16, /* rows of a plane in one row of MCUs */
    BLOCK = 32     /* samples stretched at a time */
};

_Static_assert(JPEGCODER_BLOCK == DCTSIZE, "libjpeg for other blocks");

struct jpegcoder {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr dest;
    jmp_buf bail; /* target of errors in libjpeg */
    int why;      /* errno of the last error */
    struct jpegcoder_sink *sink;
    struct scratch rows; /* rows of planes in full range, padded to whole blocks */
};

_Noreturn static void bail_out(struct jpegcoder *coder, int why)
{
    coder->why = why;
    longjmp(coder->bail, 1);
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
    struct jpegcoder *coder = c->client_data;
    coder->dest.next_output_byte = coder->sink->data + coder->sink->bytes;
    coder->dest.free_in_buffer = coder->sink->room - coder->sink->bytes;
}

/* libjpeg calls this as soon as the last byte is used, so one byte of the room stays unused. */
static boolean on_full(j_compress_ptr c)
{
    struct jpegcoder *coder = c->client_data;
    struct jpegcoder_sink *sink = coder->sink;
    if (!sink->grows || sink->room >= sink->limit)
        bail_out(coder, ENOSPC);
    size_t used = sink->room;
    size_t room = used > sink->limit / 2 ? sink->limit : used * 2;
    uint8_t *data = realloc(sink->data, room);
    if (!data)
        bail_out(coder, ENOMEM);
    sink->data = data;
    sink->room = room;
    coder->dest.next_output_byte = data + used;
    coder->dest.free_in_buffer = room - used;
    return TRUE;
}

static void on_end(j_compress_ptr c)
{
    struct jpegcoder *coder = c->client_data;
    coder->sink->bytes = coder->sink->room - coder->dest.free_in_buffer;
}

/* 0, or an errno. */
static int init(struct jpegcoder *coder)
{
    coder->c.err = jpeg_std_error(&coder->errors);
    coder->errors.error_exit = on_error;
    coder->errors.output_message = on_message;
    coder->c.client_data = coder;
    if (setjmp(coder->bail))
        return coder->why;
    jpeg_create_compress(&coder->c);
    coder->dest.init_destination = on_start;
    coder->dest.empty_output_buffer = on_full;
    coder->dest.term_destination = on_end;
    coder->c.dest = &coder->dest;
    return 0;
}

struct jpegcoder *jpegcoder_new(void)
{
    struct jpegcoder *coder = calloc(1, sizeof *coder);
    int err = coder ? init(coder) : 0;
    if (!err)
        return coder;
    jpegcoder_free(coder);
    errno = err;
    return NULL;
}

void jpegcoder_free(struct jpegcoder *coder)
{
    if (!coder)
        return;
    jpeg_destroy_compress(&coder->c);
    free(coder->rows.data);
    free(coder);
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
static void set_parameters(struct jpegcoder *coder, const struct jpegcoder_job *job,
                           const struct jpegcoder_area *area)
{
    struct jpeg_compress_struct *c = &coder->c;
    J_COLOR_SPACE space = packed_space(job->image.format);
    c->image_width = area->width;
    c->image_height = area->height;
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
static const uint8_t *plane_row(const struct jpegcoder_job *job, const struct pixfmt_plane *plane,
                                uint32_t y)
{
    return pixfmt_plane_row(job->image.data, plane, job->image.flags, y);
}

static void write_packed(struct jpegcoder *coder, const struct jpegcoder_job *job,
                         const struct jpegcoder_area *area)
{
    size_t left = (size_t)area->left * pixfmt_channels(job->image.format);
    struct jpeg_compress_struct *c = &coder->c;
    while (c->next_scanline < c->image_height) {
        JSAMPROW rows[ROWS_MAX];
        uint32_t count = c->image_height - c->next_scanline;
        if (count > ROWS_MAX)
            count = ROWS_MAX;
        for (uint32_t i = 0; i < count; i++)
            rows[i] =
                (JSAMPROW)plane_row(job, &job->planes.plane[0], area->top + c->next_scanline + i) +
                left;
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
static void convert_matrix(struct jpegcoder *coder, const struct jpegcoder_job *job, uint32_t y,
                           JSAMPARRAY planes[3])
{
    const jpeg_component_info *info = coder->c.comp_info;
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
static void write_planes(struct jpegcoder *coder, const struct jpegcoder_job *job,
                         const struct jpegcoder_area *area)
{
    struct jpeg_compress_struct *c = &coder->c;
    bool limited = job->image.flags & PIXFMT_LIMITED;
    size_t need = 0;
    for (int p = 0; p < c->num_components; p++)
        need += (size_t)ROWS_MAX * c->comp_info[p].width_in_blocks * DCTSIZE;
    uint8_t *room = scratch_get(&coder->rows, need);
    if (!room)
        bail_out(coder, ENOMEM);
    while (c->next_scanline < c->image_height) {
        JSAMPROW rows[3][ROWS_MAX];
        JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
        uint8_t *copy = room;
        for (int p = 0; p < c->num_components; p++) {
            const struct pixfmt_plane *plane = &job->planes.plane[p];
            int v = c->comp_info[p].v_samp_factor, count = v * DCTSIZE;
            uint32_t padded = c->comp_info[p].width_in_blocks * DCTSIZE;
            uint32_t x = area->left / (uint32_t)job->h * (uint32_t)c->comp_info[p].h_samp_factor;
            uint32_t width = plane->width - x < padded ? plane->width - x : padded;
            uint32_t y = (area->top + c->next_scanline) / (uint32_t)job->v * (uint32_t)v;
            for (int i = 0; i < count; i++, y++) {
                if (y >= plane->height) { /* below the frame: repeats the last row */
                    rows[p][i] = rows[p][i - 1];
                    continue;
                }
                copy_row(copy, plane_row(job, plane, y) + x, width, padded, limited, p > 0);
                rows[p][i] = copy;
                copy += padded;
            }
        }
        if (job->other_matrix)
            convert_matrix(coder, job, area->top + c->next_scanline, planes);
        jpeg_write_raw_data(c, planes, (JDIMENSION)job->v * DCTSIZE);
    }
}

bool jpegcoder_plan(struct jpegcoder_job *job, enum jpeg_sampling sampling)
{
    if (!pixfmt_is_image(job->image.format) || !pixfmt_known(&job->image) ||
        !pixfmt_plan_image(&job->image, &job->planes) || job->quality < 1 || job->quality > 100)
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

int jpegcoder_encode(struct jpegcoder *coder, const struct jpegcoder_job *job,
                     const struct jpegcoder_area *area, struct jpegcoder_sink *sink)
{
    struct jpeg_compress_struct *c = &coder->c;
    coder->sink = sink;
    if (setjmp(coder->bail)) {
        jpeg_abort_compress(c);
        return coder->why;
    }
    set_parameters(coder, job, area);
    jpeg_start_compress(c, TRUE);
    if (job->comment && area->top == 0)
        jpeg_write_marker(c, JPEG_COM, (const JOCTET *)job->comment,
                          (unsigned)strlen(job->comment));
    if (c->raw_data_in)
        write_planes(coder, job, area);
    else
        write_packed(coder, job, area);
    jpeg_finish_compress(c);
    return 0;
}
