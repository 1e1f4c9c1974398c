#include "i420.h"
#include "image/bt601.h"
#include "pixfmt.h"
#include <libyuv.h>
#include <string.h>

/* A plane and its stride, as libyuv's arguments. */
#define OUT(i) out + info->offset[i], info->stride[i]
#define IN(i)  in[i], stride[i]

/* libyuv names formats by the bytes of a little-endian word: its ARGB is B, G, R, A in memory. */
static int convert(uint32_t format, const uint8_t *const in[], const int stride[], int width,
                   int height, const GstVideoInfo *info, uint8_t *out)
{
    switch (format) {
    case PIXFMT_GRAY8:
        return I400ToI420(IN(0), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_RGB24:
        return RAWToI420(IN(0), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_BGR24:
        return RGB24ToI420(IN(0), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_RGBA:
        return ABGRToI420(IN(0), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_BGRA:
        return ARGBToI420(IN(0), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_YUV420P:
        return I420Copy(IN(0), IN(1), IN(2), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_YUV422P:
        return I422ToI420(IN(0), IN(1), IN(2), OUT(0), OUT(1), OUT(2), width, height);
    case PIXFMT_YUV444P:
        return I444ToI420(IN(0), IN(1), IN(2), OUT(0), OUT(1), OUT(2), width, height);
    }
    return -1;
}

/* Scales samples of 0 … 255 by factor / 256 and adds add / 256. Compilers vectorize the loop of
 * fixed size. */
static void scale(uint8_t *at, size_t n, unsigned factor, unsigned add)
{
    enum { PIECE = 64 };
    for (; n >= PIECE; n -= PIECE, at += PIECE)
        for (int i = 0; i < PIECE; i++)
            at[i] = (uint8_t)((uint16_t)(at[i] * factor + add) >> 8);
    for (; n; n--, at++)
        *at = (uint8_t)((*at * factor + add) >> 8);
}

/* Full range to limited range, which decoders assume: luma 16 to 235, chroma 16 to 240. */
static void limit_range(const GstVideoInfo *info, uint8_t *out)
{
    scale(out, info->offset[1], 220, 16 * 256 + 128);
    scale(out + info->offset[1], info->size - info->offset[1], 225, 16 * 256);
}

/* Converts the planes from another matrix. */
static void convert_matrix(const struct bt601 *c, int width, int height, const GstVideoInfo *info,
                           uint8_t *out)
{
    for (int y = 0; y < height; y += 2) {
        uint8_t *luma = out + info->offset[0] + (size_t)y * (size_t)info->stride[0];
        uint8_t *const rows[2] = {luma, luma + info->stride[0]};
        size_t chroma = (size_t)y / 2;
        bt601_rows(c, rows, y + 1 < height ? 2 : 1, (size_t)width,
                   out + info->offset[1] + chroma * (size_t)info->stride[1],
                   out + info->offset[2] + chroma * (size_t)info->stride[2],
                   ((size_t)width + 1) / 2, 2);
    }
}

/* Repeats the plane's last column and row until it has the new size. */
static void extend(uint8_t *plane, int stride, int width, int height, int to_width, int to_height)
{
    if (to_width > width)
        for (int y = 0; y < height; y++)
            memset(plane + (size_t)y * stride + width, plane[(size_t)y * stride + width - 1],
                   (size_t)(to_width - width));
    for (int y = height; y < to_height; y++)
        memcpy(plane + (size_t)y * stride, plane + (size_t)(height - 1) * stride, (size_t)to_width);
}

static void extend_all(const struct ring_meta *meta, const GstVideoInfo *info, uint8_t *out)
{
    int width = (int)meta->width, height = (int)meta->height;
    extend(OUT(0), width, height, info->width, info->height);
    for (int i = 1; i < 3; i++)
        extend(OUT(i), (width + 1) / 2, (height + 1) / 2, (info->width + 1) / 2,
               (info->height + 1) / 2);
}

bool i420_convert(const struct ring_view *view, const GstVideoInfo *info, uint8_t *out)
{
    const struct ring_meta *meta = &view->meta;
    const uint8_t *in[3];
    int stride[3];
    struct image image = ring_image(view);
    struct pixfmt_planes plan;
    struct bt601 matrix;
    if (!pixfmt_plan_image(&image, &plan))
        return false;
    for (int i = 0; i < plan.count; i++) {
        in[i] = (const uint8_t *)view->data + plan.plane[i].offset;
        stride[i] = (int)plan.plane[i].stride;
    }
    int height = meta->flags & PIXFMT_BOTTOM_UP ? -(int)meta->height : (int)meta->height;
    if (convert(meta->format, in, stride, (int)meta->width, height, info, out))
        return false;
    if (pixfmt_is_yuv(meta->format) &&
        bt601_from(&matrix, meta->matrix, meta->flags & PIXFMT_LIMITED))
        convert_matrix(&matrix, (int)meta->width, (int)meta->height, info, out);
    if ((pixfmt_is_yuv(meta->format) || meta->format == PIXFMT_GRAY8) &&
        !(meta->flags & PIXFMT_LIMITED))
        limit_range(info, out);
    extend_all(meta, info, out);
    return true;
}
