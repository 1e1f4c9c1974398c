#include "pixfmt.h"
#include "shmfmt.h"
#include <string.h>

static const struct {
    const char *name;
    uint8_t channels;         /* bytes per pixel of the first plane */
    uint8_t red, green, blue; /* byte offset in a pixel, for packed formats */
    bool yuv;
    uint8_t across; /* log2 of the pixels per chroma sample in a row */
    uint8_t down;   /* log2 of the pixels per chroma sample in a column */
} formats[PIXFMT_FORMATS] = {
    [PIXFMT_GRAY8] = {"gray8", 1, 0, 0, 0, false, 0, 0},
    [PIXFMT_RGB24] = {"rgb24", 3, 0, 1, 2, false, 0, 0},
    [PIXFMT_BGR24] = {"bgr24", 3, 2, 1, 0, false, 0, 0},
    [PIXFMT_RGBA] = {"rgba", 4, 0, 1, 2, false, 0, 0},
    [PIXFMT_BGRA] = {"bgra", 4, 2, 1, 0, false, 0, 0},
    [PIXFMT_YUV420P] = {"yuv420p", 1, 0, 0, 0, true, 1, 1},
    [PIXFMT_YUV422P] = {"yuv422p", 1, 0, 0, 0, true, 1, 0},
    [PIXFMT_YUV444P] = {"yuv444p", 1, 0, 0, 0, true, 0, 0},
    [PIXFMT_F32] = {"f32", 4, 0, 0, 0, false, 0, 0},
};

static bool is_format(uint32_t format)
{
    return format >= 1 && format < PIXFMT_FORMATS;
}

uint32_t pixfmt_find(const char *name)
{
    if (!strcmp(name, "gray"))
        return PIXFMT_GRAY8;
    for (uint32_t f = 1; f < PIXFMT_FORMATS; f++)
        if (!strcmp(name, formats[f].name))
            return f;
    return 0;
}

const char *pixfmt_name(uint32_t format)
{
    return is_format(format) ? formats[format].name : NULL;
}

const char *pixfmt_names(void)
{
    return "gray8, rgb24, bgr24, rgba, bgra, yuv420p, yuv422p, yuv444p, f32";
}

bool pixfmt_is_yuv(uint32_t format)
{
    return is_format(format) && formats[format].yuv;
}

bool pixfmt_is_image(uint32_t format)
{
    return is_format(format) && format != PIXFMT_F32;
}

unsigned pixfmt_channels(uint32_t format)
{
    return is_format(format) ? formats[format].channels : 0;
}

bool pixfmt_plan(uint32_t format, uint32_t width, uint32_t height, struct pixfmt_planes *out)
{
    if (!is_format(format) || width < 1 || width > SHMFMT_SIDE_MAX || height < 1 ||
        height > (format == PIXFMT_F32 ? (uint32_t)SHMFMT_ROWS_MAX : (uint32_t)SHMFMT_SIDE_MAX))
        return false;
    uint64_t bytes = 0;
    memset(out, 0, sizeof *out);
    out->count = formats[format].yuv ? 3 : 1;
    for (int i = 0; i < out->count; i++) {
        unsigned across = i ? formats[format].across : 0, down = i ? formats[format].down : 0;
        struct pixfmt_plane *plane = &out->plane[i];
        plane->width = (width + across) >> across;
        plane->height = (height + down) >> down;
        plane->stride = (size_t)plane->width * formats[format].channels;
        plane->offset = (size_t)bytes;
        bytes += (uint64_t)plane->width * formats[format].channels * plane->height;
    }
    out->bytes = (size_t)bytes;
    return bytes <= SIZE_MAX / 2; /* 32-bit machines */
}

size_t pixfmt_bytes(uint32_t format, uint32_t width, uint32_t height)
{
    struct pixfmt_planes planes;
    return pixfmt_plan(format, width, height, &planes) ? planes.bytes : 0;
}

const uint8_t *pixfmt_plane_row(const void *data, const struct pixfmt_plane *plane, uint32_t flags,
                                uint32_t y)
{
    if (flags & PIXFMT_BOTTOM_UP)
        y = plane->height - 1 - y;
    return (const uint8_t *)data + plane->offset + (size_t)y * plane->stride;
}

static uint8_t clamp(int fixed)
{
    fixed >>= 16;
    return (uint8_t)(fixed < 0 ? 0 : fixed > 255 ? 255 : fixed);
}

/* BT.601 in 16.16 fixed point: full range, limited range. */
static const struct yuv_to_rgb {
    int black, luma, red_cr, green_cb, green_cr, blue_cb;
} yuv_to_rgb[2] = {{0, 65536, 91881, 22554, 46802, 116130},
                   {16, 76309, 104597, 25675, 53279, 132201}};

static void gray_row(const uint8_t *gray, uint32_t width, bool limited, uint8_t *out)
{
    for (uint32_t x = 0; x < width; x++, out += 3)
        out[0] = out[1] = out[2] =
            limited ? clamp((gray[x] - 16) * yuv_to_rgb[1].luma + 32768) : gray[x];
}

void pixfmt_rgb_row(const struct image *image, const struct pixfmt_planes *planes, uint32_t y,
                    uint8_t *out, uint8_t *alpha)
{
    uint32_t width = image->width, format = image->format, flags = image->flags;
    bool limited = flags & PIXFMT_LIMITED;
    const uint8_t *row = pixfmt_plane_row(image->data, &planes->plane[0], flags, y);
    if (!pixfmt_is_image(format)) {
        memset(out, 0, (size_t)width * 3);
        if (alpha)
            memset(alpha, 255, width);
        return;
    }
    if (formats[format].yuv) {
        const struct yuv_to_rgb *k = &yuv_to_rgb[limited];
        unsigned across = formats[format].across;
        uint32_t below = y >> formats[format].down;
        const uint8_t *cbs = pixfmt_plane_row(image->data, &planes->plane[1], flags, below);
        const uint8_t *crs = pixfmt_plane_row(image->data, &planes->plane[2], flags, below);
        for (uint32_t x = 0; x < width; x++, out += 3) {
            int luma = (row[x] - k->black) * k->luma + 32768;
            int cb = cbs[x >> across] - 128, cr = crs[x >> across] - 128;
            out[0] = clamp(luma + k->red_cr * cr);
            out[1] = clamp(luma - k->green_cb * cb - k->green_cr * cr);
            out[2] = clamp(luma + k->blue_cb * cb);
        }
    } else if (format == PIXFMT_GRAY8) {
        gray_row(row, width, limited, out);
    } else if (format == PIXFMT_RGB24) {
        memcpy(out, row, (size_t)width * 3);
    } else {
        unsigned step = formats[format].channels;
        for (uint32_t x = 0; x < width; x++, row += step, out += 3) {
            out[0] = row[formats[format].red];
            out[1] = row[formats[format].green];
            out[2] = row[formats[format].blue];
            if (alpha && step == 4)
                alpha[x] = row[3];
        }
    }
    if (alpha && formats[format].channels != 4)
        memset(alpha, 255, width);
}

void pixfmt_ycc_row(const uint8_t *rgb, uint32_t width, uint8_t *luma, uint8_t *cb, uint8_t *cr)
{
    /* The rows of the matrix add up to 1 and 0, so gray stays gray. 32767 rounds without reaching
     * 256. */
    for (uint32_t x = 0; x < width; x++, rgb += 3) {
        int r = rgb[0], g = rgb[1], b = rgb[2];
        luma[x] = clamp(19595 * r + 38470 * g + 7471 * b + 32768);
        cb[x] = clamp(-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767);
        cr[x] = clamp(32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767);
    }
}
