#include "pixfmt.h"
#include "shmfmt.h"
#include <string.h>
#include <strings.h>

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
        plane->row_bytes = plane->stride = (size_t)plane->width * formats[format].channels;
        plane->offset = (size_t)bytes;
        bytes += (uint64_t)plane->stride * plane->height;
    }
    out->bytes = (size_t)bytes;
    return bytes <= SIZE_MAX / 2; /* 32-bit machines */
}

size_t pixfmt_bytes(uint32_t format, uint32_t width, uint32_t height)
{
    struct pixfmt_planes planes;
    return pixfmt_plan(format, width, height, &planes) ? planes.bytes : 0;
}

bool pixfmt_plan_image(const struct image *image, struct pixfmt_planes *out)
{
    uint64_t bytes = 0;
    if (!pixfmt_plan(image->format, image->width, image->height, out))
        return false;
    for (int i = 0; i < PIXFMT_PLANES; i++) {
        struct pixfmt_plane *plane = &out->plane[i];
        uint32_t stride = image->stride[i];
        if (stride && (i >= out->count || stride < plane->row_bytes || stride > INT32_MAX))
            return false;
        if (stride)
            plane->stride = stride;
        plane->offset = (size_t)bytes;
        bytes += (uint64_t)plane->stride * plane->height; /* 3 of at most 2^31 * 2^24 */
    }
    out->bytes = (size_t)bytes;
    return bytes <= SIZE_MAX / 2;
}

bool pixfmt_aspect_known(uint32_t num, uint32_t den)
{
    return num <= PIXFMT_ASPECT_MAX && den <= PIXFMT_ASPECT_MAX && (num == 0) == (den == 0);
}

bool pixfmt_known(const struct image *image)
{
    return (image->flags & ~(uint32_t)(PIXFMT_BOTTOM_UP | PIXFMT_LIMITED)) == 0 &&
           pixfmt_matrix_name(image->matrix) && pixfmt_alpha_name(image->alpha) &&
           pixfmt_aspect_known(image->aspect_num, image->aspect_den);
}

bool pixfmt_alike(const struct image *a, const struct image *b)
{
    return a->width == b->width && a->height == b->height && a->format == b->format &&
           a->flags == b->flags && !memcmp(a->stride, b->stride, sizeof a->stride) &&
           a->aspect_num == b->aspect_num && a->aspect_den == b->aspect_den &&
           a->matrix == b->matrix && a->alpha == b->alpha;
}

static const struct {
    const char *name;
    struct pixfmt_weights weights;
} matrices[] = {
    [PIXFMT_MATRIX_NONE] = {"unspecified", {0.299, 0.114}},
    [PIXFMT_BT709] = {"bt709", {0.2126, 0.0722}},
    [2] = {"unspecified", {0.299, 0.114}},
    [5] = {"bt601", {0.299, 0.114}},
    [PIXFMT_BT601] = {"bt601", {0.299, 0.114}},
    [PIXFMT_BT2020] = {"bt2020", {0.2627, 0.0593}},
};

const char *pixfmt_matrix_name(uint32_t matrix)
{
    return matrix < sizeof matrices / sizeof matrices[0] ? matrices[matrix].name : NULL;
}

struct pixfmt_weights pixfmt_matrix_weights(uint8_t matrix)
{
    return matrices[matrix].weights;
}

int pixfmt_matrix_find(const char *name)
{
    static const int named[] = {PIXFMT_BT601, PIXFMT_BT709, PIXFMT_BT2020};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (!strcasecmp(name, matrices[named[i]].name))
            return named[i];
    return -1;
}

const char *pixfmt_alpha_name(uint32_t alpha)
{
    static const char *const names[PIXFMT_ALPHAS] = {"straight", "premultiplied", "ignored"};
    return alpha < PIXFMT_ALPHAS ? names[alpha] : NULL;
}

int pixfmt_alpha_find(const char *name)
{
    int alpha = PIXFMT_ALPHAS - 1;
    while (alpha >= 0 && strcasecmp(name, pixfmt_alpha_name((uint32_t)alpha)))
        alpha--;
    return alpha;
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

/* In 16.16 fixed point. */
struct yuv_to_rgb {
    int black, luma, red_cr, green_cb, green_cr, blue_cb;
};

static struct yuv_to_rgb yuv_to_rgb(uint8_t matrix, bool limited)
{
    struct pixfmt_weights k = pixfmt_matrix_weights(matrix);
    double green = 1 - k.red - k.blue, one = 65536, half = 0.5;
    double chroma = limited ? one * 255 / 224 : one;
    return (struct yuv_to_rgb){
        .black = limited ? 16 : 0,
        .luma = (int)((limited ? one * 255 / 219 : one) + half),
        .red_cr = (int)(chroma * 2 * (1 - k.red) + half),
        .green_cb = (int)(chroma * 2 * k.blue * (1 - k.blue) / green + half),
        .green_cr = (int)(chroma * 2 * k.red * (1 - k.red) / green + half),
        .blue_cb = (int)(chroma * 2 * (1 - k.blue) + half),
    };
}

static void gray_row(const uint8_t *gray, uint32_t width, bool limited, uint8_t *out)
{
    struct yuv_to_rgb k = yuv_to_rgb(PIXFMT_MATRIX_NONE, limited);
    for (uint32_t x = 0; x < width; x++, out += 3)
        out[0] = out[1] = out[2] = clamp((gray[x] - k.black) * k.luma + 32768);
}

/* The colour that was multiplied by alpha, rounded; black where nothing is left of it. */
static uint8_t divided(unsigned colour, unsigned alpha)
{
    if (colour >= alpha)
        return alpha ? 255 : 0;
    return (uint8_t)((colour * 255 + alpha / 2) / alpha);
}

/* Makes the alpha of a row, which the format has, straight. */
static void straighten(const struct image *image, uint8_t *rgb, uint8_t *alpha)
{
    if (image->alpha == PIXFMT_ALPHA_IGNORED)
        memset(alpha, 255, image->width);
    if (image->alpha != PIXFMT_ALPHA_PREMULTIPLIED)
        return;
    for (uint32_t x = 0; x < image->width; x++)
        for (int i = 0; i < 3; i++)
            rgb[3 * (size_t)x + (size_t)i] = divided(rgb[3 * (size_t)x + (size_t)i], alpha[x]);
}

void pixfmt_rgb_row(const struct image *image, const struct pixfmt_planes *planes, uint32_t y,
                    uint8_t *out, uint8_t *alpha)
{
    uint32_t width = image->width, format = image->format, flags = image->flags;
    bool limited = flags & PIXFMT_LIMITED;
    const uint8_t *row = pixfmt_plane_row(image->data, &planes->plane[0], flags, y);
    uint8_t *rgb = out;
    if (!pixfmt_is_image(format)) {
        memset(out, 0, (size_t)width * 3);
        if (alpha)
            memset(alpha, 255, width);
        return;
    }
    if (formats[format].yuv) {
        const struct yuv_to_rgb k = yuv_to_rgb(image->matrix, limited);
        unsigned across = formats[format].across;
        uint32_t below = y >> formats[format].down;
        const uint8_t *cbs = pixfmt_plane_row(image->data, &planes->plane[1], flags, below);
        const uint8_t *crs = pixfmt_plane_row(image->data, &planes->plane[2], flags, below);
        for (uint32_t x = 0; x < width; x++, out += 3) {
            int luma = (row[x] - k.black) * k.luma + 32768;
            int cb = cbs[x >> across] - 128, cr = crs[x >> across] - 128;
            out[0] = clamp(luma + k.red_cr * cr);
            out[1] = clamp(luma - k.green_cb * cb - k.green_cr * cr);
            out[2] = clamp(luma + k.blue_cb * cb);
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
    if (alpha && formats[format].channels == 4)
        straighten(image, rgb, alpha);
    else if (alpha)
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
