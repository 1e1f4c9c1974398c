#include "image/imgreader.h"
#include "image/imgconvert.h"
#include "image/imginput.h"
#include "image/imgmagic.h"
#include "image/jpegreader.h"
#include "image/pnm.h"
#include "image/y4m.h"
#include "pixfmt.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536 }; /* bytes of rows that are read at once */

enum kind { KIND_UNKNOWN, KIND_RAW, KIND_Y4M, KIND_PNM, KIND_JPEG, KIND_ENCODED };

struct imgreader {
    enum kind kind;
    struct imgreader_spec spec;
    struct imgreader_head head; /* of the current image; mostly constant for raw and y4m */
    const struct imgmagic *encoded;
    bool padded;   /* the current image keeps its padding */
    uint8_t *rows; /* to be converted */
    size_t rows_room;
    struct imginput input;
    struct imgconvert convert;
    struct jpegreader jpegs;
};

uint32_t imgreader_format(const char *name)
{
    return imgconvert_raw_find(name);
}

const char *imgreader_formats(void)
{
    static char names[160];
    snprintf(names, sizeof names, "%s, nv12, nv21, yuyv422, uyvy422", pixfmt_names());
    return names;
}

/* Detects the input by the bytes in ahead; KIND_UNKNOWN: more are required. */
static enum kind kind_of(struct imgreader *in, bool ended)
{
    const uint8_t *p = in->input.ahead + in->input.at;
    size_t have = in->input.end - in->input.at, magic = sizeof Y4M_MAGIC - 1;
    if (have >= magic && !memcmp(p, Y4M_MAGIC, magic))
        return KIND_Y4M;
    if (have < magic && !memcmp(p, Y4M_MAGIC, have) && !ended)
        return KIND_UNKNOWN;
    if (in->spec.raw)
        return KIND_RAW;
    /* Signatures are limited to a raw frame, so that a tiny one needn't wait for the next. */
    size_t frame = imgconvert_bytes(&in->convert), some = have < frame ? have : frame;
    bool decided = imgmagic_find(p, some, &in->encoded) || some == frame;
    if (in->encoded)
        return in->encoded->input ? KIND_ENCODED : KIND_JPEG;
    if (p[0] == 'P' && have > 2 && p[1] >= '1' && p[1] <= '7' &&
        (pnm_is_space(p[2]) || p[2] == '#'))
        return KIND_PNM;
    if (p[0] == 'P' && (have < 2 || (have < 3 && p[1] >= '1' && p[1] <= '7')))
        decided = false;
    return decided || ended ? KIND_RAW : KIND_UNKNOWN;
}

/* A larger pipe needs fewer reads: 64 KiB pipes have a third of the throughput of 1 MiB pipes. */
static void widen_pipe(int fd)
{
    int most = 1 << 20;
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "re");
    if (f) {
        if (fscanf(f, "%d", &most) != 1 || most < 1 << 16)
            most = 1 << 20;
        fclose(f);
    }
    if (fcntl(fd, F_GETPIPE_SZ) < most)
        (void)fcntl(fd, F_SETPIPE_SZ, most);
}

static int set_raw(struct imgreader *in)
{
    const struct imgreader_spec *spec = &in->spec;
    in->head.image.width = spec->width;
    in->head.image.height = spec->height;
    return imgconvert_raw(&in->convert, spec->format, spec->stride, &in->head);
}

struct imgreader *imgreader_open(int fd, const struct imgreader_spec *spec)
{
    struct imgreader *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->input.fd = fd;
    in->jpegs.input = &in->input;
    in->spec = *spec;
    if (set_raw(in)) {
        free(in);
        errno = EINVAL;
        return NULL;
    }
    widen_pipe(fd);
    return in;
}

void imgreader_close(struct imgreader *in)
{
    jpegreader_free(&in->jpegs);
    free(in->rows);
    free(in);
}

static int refuse_encoded(struct imgreader *in)
{
    return imginput_fail(&in->input, EILSEQ,
                         "%s, not frames: decode it, as with ffmpeg -v error %s "
                         "-pix_fmt yuv420p -f yuv4mpegpipe - (-s or -f read it as raw frames)",
                         in->encoded->name, in->encoded->input);
}

/* Sets what else the caller knows about raw frames of this format. */
static void set_raw_details(struct imgreader *in)
{
    const struct imgreader_spec *spec = &in->spec;
    if (pixfmt_is_yuv(in->head.image.format)) {
        in->head.image.flags |= spec->flags & PIXFMT_LIMITED;
        in->head.image.matrix = spec->matrix;
    }
    if (in->head.image.format == PIXFMT_RGBA || in->head.image.format == PIXFMT_BGRA)
        in->head.image.alpha = spec->alpha;
    if (spec->aspect_num)
        imghead_aspect(&in->head.image, spec->aspect_num, spec->aspect_den);
}

/* Detects the kind of input and reads the header of the whole. */
static int begin(struct imgreader *in)
{
    in->kind = kind_of(in, false);
    while (in->kind == KIND_UNKNOWN) {
        ssize_t n = imginput_more(&in->input);
        if (n < 0)
            return -1;
        in->kind = kind_of(in, n == 0);
    }
    in->head.image.flags = in->spec.flags & PIXFMT_BOTTOM_UP;
    if (in->kind == KIND_ENCODED)
        return refuse_encoded(in);
    if (in->kind == KIND_JPEG) {
        in->input.frame = 0;
        return 0;
    }
    if (in->kind == KIND_RAW) {
        set_raw_details(in);
        return 0;
    }
    in->head.image.width = in->head.image.height = 0;
    if (in->kind == KIND_PNM)
        return 0;
    in->head.image.matrix = in->spec.matrix;
    in->input.header_left = IMGINPUT_HEADER_MAX;
    in->input.at += sizeof Y4M_MAGIC - 1;
    return y4m_header(&in->input, &in->head, &in->convert);
}

/* Waits for the first byte of the next image. 1; 0 at the end; -1. */
static int await(struct imgreader *in)
{
    for (;;) {
        int more = imginput_await(&in->input);
        if (more != 1 || in->kind != KIND_PNM || !pnm_is_space(in->input.ahead[in->input.at]))
            return more;
        in->input.at++;
    }
}

int imgreader_next(struct imgreader *in, struct imgreader_head *head)
{
    int got = 1;
    in->input.frame++;
    in->head.event = 0;
    in->padded = false;
    int more = await(in);
    if (more == 1 && in->kind == KIND_UNKNOWN)
        more = begin(in) ? -1 : await(in); /* a y4m header may have no frame after it */
    if (more == 0 && in->input.frame == 1)
        snprintf(in->input.why, sizeof in->input.why, "%s",
                 in->kind == KIND_UNKNOWN ? "empty" : "a header, but no frames");
    if (more != 1)
        return more;
    if (in->kind == KIND_JPEG)
        return IMGREADER_JPEG;
    in->input.header_left = IMGINPUT_HEADER_MAX;
    if (in->kind == KIND_Y4M)
        got = y4m_frame(&in->input, &in->head);
    else if (in->kind == KIND_PNM)
        got = pnm_header(&in->input, &in->head, &in->convert);
    if (got == 1)
        *head = in->head;
    return got;
}

/* Reads bytes, which begin at offset `begin` in the image's input of `all` bytes. 0, or -1. */
static int read_part(struct imgreader *in, void *data, size_t bytes, size_t begin, size_t all)
{
    ssize_t got = imginput_read(&in->input, data, bytes);
    if (got < 0)
        return -1;
    if ((size_t)got == bytes)
        return 0;
    return imginput_fail(&in->input, ENODATA, "cut off: got %zu of %zu bytes of frame %" PRIu64,
                         begin + (size_t)got, all, in->input.frame);
}

/* Memory for rows of input: at least one row. NULL with ENOMEM. */
static uint8_t *row_memory(struct imgreader *in, size_t row_bytes)
{
    size_t room = row_bytes > CHUNK ? row_bytes : CHUNK;
    if (room > in->rows_room) {
        free(in->rows);
        in->rows = malloc(room);
        in->rows_room = in->rows ? room : 0;
    }
    if (!in->rows)
        imginput_fail(&in->input, ENOMEM, "%s", strerror(ENOMEM));
    return in->rows;
}

static int read_rows(struct imgreader *in, uint8_t *data)
{
    const struct imgconvert *c = &in->convert;
    size_t all = imgconvert_bytes(c), begin = 0;
    for (int plane = 0; plane < c->planes; plane++) {
        size_t bytes = c->plane[plane].bytes;
        uint32_t rows = c->plane[plane].rows;
        uint8_t *memory = row_memory(in, bytes);
        if (!memory)
            return -1;
        uint32_t most = (uint32_t)(in->rows_room / bytes);
        for (uint32_t y = 0, n; y < rows; y += n) {
            n = rows - y < most ? rows - y : most;
            if (read_part(in, memory, n * bytes, begin, all))
                return -1;
            begin += n * bytes;
            for (uint32_t i = 0; i < n; i++)
                imgconvert_row(c, plane, y + i, memory + i * bytes, data);
        }
    }
    return 0;
}

void imgreader_pad(struct imgreader *in, size_t room, struct imgreader_head *head)
{
    const struct imgconvert *c = &in->convert;
    size_t all = imgconvert_bytes(c);
    in->padded = c->kind == IMGCONVERT_ROWS && all <= room;
    if (!in->padded)
        return;
    head->bytes = all;
    for (int i = 0; i < c->planes; i++)
        head->image.stride[i] = (uint32_t)c->plane[i].bytes;
}

int imgreader_data(struct imgreader *in, void *data)
{
    size_t all = imgconvert_bytes(&in->convert);
    if (in->padded)
        return read_part(in, data, all, 0, all);
    switch (in->convert.kind) {
    case IMGCONVERT_NONE:
        return read_part(in, data, in->head.bytes, 0, in->head.bytes);
    case IMGCONVERT_TEXT:
    case IMGCONVERT_TEXT_BITS:
        return pnm_text(&in->input, &in->head, &in->convert, data);
    default:
        return data ? read_rows(in, data) : read_part(in, NULL, all, 0, all);
    }
}

struct jpegreader *imgreader_jpegs(struct imgreader *in)
{
    return &in->jpegs;
}

const char *imgreader_why(const struct imgreader *in)
{
    return in->input.why;
}
