#include "image/imgconvert.h"
#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t raw, target;
    enum imgconvert_kind kind;
} raws[] = {{"nv12", IMGCONVERT_RAW_NV12, PIXFMT_YUV420P, IMGCONVERT_NV12},
            {"nv21", IMGCONVERT_RAW_NV21, PIXFMT_YUV420P, IMGCONVERT_NV21},
            {"yuyv422", IMGCONVERT_RAW_YUYV, PIXFMT_YUV422P, IMGCONVERT_YUYV},
            {"uyvy422", IMGCONVERT_RAW_UYVY, PIXFMT_YUV422P, IMGCONVERT_UYVY}};

enum { RAWS = sizeof raws / sizeof raws[0] };

uint32_t imgconvert_raw_find(const char *name)
{
    for (size_t i = 0; i < RAWS; i++)
        if (!strcmp(name, raws[i].name))
            return raws[i].raw;
    return pixfmt_find(name);
}

uint32_t imgconvert_raw_target(uint32_t raw)
{
    for (size_t i = 0; i < RAWS; i++)
        if (raw == raws[i].raw)
            return raws[i].target;
    return raw;
}

static size_t sample_bytes(const struct imgconvert *c)
{
    return c->order == IMGCONVERT_BYTES ? 1 : 2;
}

/* Sets rows and bytes of the input's planes from those of the image. */
static void plan_input(struct imgconvert *c, uint32_t width, uint32_t height)
{
    uint32_t half = (width + 1) / 2, quarter = (width + 3) / 4;
    c->planes = c->out.count;
    for (int i = 0; i < c->planes; i++) {
        c->plane[i].rows = c->out.plane[i].height;
        c->plane[i].bytes = c->out.plane[i].stride;
        if (c->kind == IMGCONVERT_SAMPLES)
            c->plane[i].bytes *= sample_bytes(c);
        else if (c->kind == IMGCONVERT_411 && i)
            c->plane[i].bytes = quarter;
    }
    if (c->kind == IMGCONVERT_BITS) {
        c->plane[0].bytes = ((size_t)width + 7) / 8;
    } else if (c->kind == IMGCONVERT_GRAY_ALPHA) {
        c->plane[0].bytes = (size_t)width * 2 * sample_bytes(c);
    } else if (c->kind == IMGCONVERT_NV12 || c->kind == IMGCONVERT_NV21) {
        c->planes = 2;
        c->plane[1].bytes = (size_t)half * 2;
    } else if (c->kind == IMGCONVERT_YUYV || c->kind == IMGCONVERT_UYVY) {
        c->planes = 1;
        c->plane[0].bytes = (size_t)half * 4;
    } else if (c->kind == IMGCONVERT_444ALPHA) {
        c->planes = 4;
        for (int i = 0; i < 4; i++) {
            c->plane[i].rows = height;
            c->plane[i].bytes = width;
        }
    }
}

void imgconvert_set(struct imgconvert *c, enum imgconvert_kind kind, enum imgconvert_order order,
                    const struct imgreader_head *head)
{
    c->kind = kind;
    c->order = order;
    pixfmt_plan(head->image.format, head->image.width, head->image.height, &c->out);
    plan_input(c, head->image.width, head->image.height);
}

int imgconvert_raw(struct imgconvert *c, uint32_t raw, size_t stride, struct imgreader_head *head)
{
    enum imgconvert_kind kind = stride ? IMGCONVERT_ROWS : IMGCONVERT_NONE;
    for (size_t i = 0; i < RAWS; i++)
        if (raw == raws[i].raw)
            kind = raws[i].kind;
    head->image.format = imgconvert_raw_target(raw);
    head->bytes = pixfmt_bytes(head->image.format, head->image.width, head->image.height);
    errno = EINVAL;
    if (!head->bytes)
        return -1;
    imgconvert_set(c, kind, IMGCONVERT_BYTES, head);
    if (!stride)
        return 0;
    if (stride < c->plane[0].bytes || stride > SIZE_MAX / 2 / c->plane[0].rows)
        return -1;
    for (int i = c->planes - 1; i >= 0; i--) {
        bool halved = c->plane[i].bytes < c->plane[0].bytes;
        c->plane[i].bytes = halved ? (stride + 1) / 2 : stride;
    }
    return 0;
}

void imgconvert_table(struct imgconvert *c, uint32_t max, bool shifted)
{
    if (c->max == max && c->shifted == shifted)
        return;
    c->max = max;
    c->shifted = shifted;
    uint64_t scale = shifted ? 256 : 255, of = shifted ? (uint64_t)max + 1 : max;
    for (uint32_t v = 0; v < sizeof c->table; v++) {
        uint64_t value = (v * scale + of / 2) / of;
        c->table[v] = (uint8_t)(value < 255 ? value : 255);
    }
}

size_t imgconvert_bytes(const struct imgconvert *c)
{
    size_t bytes = 0;
    for (int i = 0; i < c->planes; i++)
        bytes += c->plane[i].bytes * c->plane[i].rows;
    return bytes;
}

static void convert_samples(const struct imgconvert *c, const uint8_t *in, size_t count,
                            uint8_t *out)
{
    if (c->order == IMGCONVERT_BYTES)
        for (size_t i = 0; i < count; i++)
            out[i] = c->table[in[i]];
    else if (c->order == IMGCONVERT_LITTLE)
        for (size_t i = 0; i < count; i++)
            out[i] = c->table[in[2 * i] | in[2 * i + 1] << 8];
    else
        for (size_t i = 0; i < count; i++)
            out[i] = c->table[in[2 * i] << 8 | in[2 * i + 1]];
}

static void convert_gray_alpha(const struct imgconvert *c, const uint8_t *in, uint32_t width,
                               uint8_t *out)
{
    const uint8_t *pairs = out + 2 * (size_t)width; /* never overtaken by the pixels */
    convert_samples(c, in, 2 * (size_t)width, out + 2 * (size_t)width);
    for (uint32_t x = 0; x < width; x++, out += 4, pairs += 2) {
        uint8_t gray = pairs[0], alpha = pairs[1];
        out[0] = out[1] = out[2] = gray;
        out[3] = alpha;
    }
}

/* Copies every step-th of count bytes. */
static void pick(const uint8_t *in, uint32_t count, size_t step, uint8_t *out)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = in[i * step];
}

/* YUV in the first three bytes of each pixel becomes RGB. */
static void convert_yuva(const struct imgconvert *c, uint32_t width, uint8_t *pixels)
{
    enum { PART = 256 };
    uint8_t yuv[3 * PART], rgb[3 * PART];
    for (uint32_t n; width; width -= n, pixels += 4 * (size_t)n) {
        n = width < PART ? width : PART;
        struct image image = {.data = yuv,
                              .width = n,
                              .height = 1,
                              .format = PIXFMT_YUV444P,
                              .flags = c->limited ? PIXFMT_LIMITED : 0,
                              .matrix = c->matrix};
        struct pixfmt_planes planes;
        pixfmt_plan(image.format, n, 1, &planes);
        for (uint32_t k = 0; k < 3; k++)
            pick(pixels + k, n, 4, yuv + k * n);
        pixfmt_rgb_row(&image, &planes, 0, rgb, NULL);
        for (uint32_t x = 0; x < n; x++)
            memcpy(pixels + 4 * (size_t)x, rgb + 3 * (size_t)x, 3);
    }
}

void imgconvert_row(const struct imgconvert *c, int plane, uint32_t y, const uint8_t *row,
                    uint8_t *data)
{
    const struct pixfmt_plane *p = &c->out.plane[plane < c->out.count ? plane : 0];
    uint8_t *out = data + p->offset + (size_t)y * p->stride;
    uint32_t width = p->width;
    size_t chroma = c->out.count == 3 ? c->out.plane[1].width : 0;
    uint8_t *cb = data + c->out.plane[1].offset + y * chroma;
    uint8_t *cr = data + c->out.plane[2].offset + y * chroma;
    switch (c->kind) {
    case IMGCONVERT_SAMPLES:
        convert_samples(c, row, p->stride, out);
        break;
    case IMGCONVERT_GRAY_ALPHA:
        convert_gray_alpha(c, row, width, out);
        break;
    case IMGCONVERT_BITS:
        for (uint32_t x = 0; x < width; x++)
            out[x] = row[x >> 3] >> (7 - (x & 7)) & 1 ? 0 : 255;
        break;
    case IMGCONVERT_NV12:
    case IMGCONVERT_NV21:
        if (plane == 0) {
            memcpy(out, row, width);
        } else {
            pick(row, width, 2, c->kind == IMGCONVERT_NV12 ? cb : cr);
            pick(row + 1, width, 2, c->kind == IMGCONVERT_NV12 ? cr : cb);
        }
        break;
    case IMGCONVERT_YUYV:
    case IMGCONVERT_UYVY: {
        bool luma_first = c->kind == IMGCONVERT_YUYV;
        pick(row + !luma_first, width, 2, out);
        pick(row + luma_first, (uint32_t)chroma, 4, cb);
        pick(row + luma_first + 2, (uint32_t)chroma, 4, cr);
        break;
    }
    case IMGCONVERT_411:
        for (uint32_t x = 0; x < width; x++)
            out[x] = row[plane ? x / 2 : x];
        break;
    case IMGCONVERT_444ALPHA:
        for (uint32_t x = 0; x < width; x++)
            out[4 * (size_t)x + (size_t)plane] = row[x];
        if (plane == 3)
            convert_yuva(c, width, out);
        break;
    default:
        memcpy(out, row, p->stride);
    }
}
