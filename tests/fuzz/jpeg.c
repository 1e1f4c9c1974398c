/*
 * The encoder: any small size, format, flags, quality, sampling, one to three threads, any room.
 * The output is a whole JPEG that libjpeg reads without a warning, with the right size and comment,
 * the same image for each number of threads, and never longer than its bound.
 * Input: thirteen bytes of parameters, then the image, repeated to its size.
 */
#include "fuzz.h"
#include "image/jpeg.h"
#include "image/jpeghead.h"
#include "pixfmt.h"
#include <errno.h>
#include <jpeglib.h>

enum { SIDE = 100 };

static void on_message(j_common_ptr c, int level)
{
    if (level < 0) {
        char text[JMSG_LENGTH_MAX];
        c->err->format_message(c, text);
        fprintf(stderr, "libjpeg: %s\n", text);
        abort();
    }
}

static void on_error(j_common_ptr c)
{
    on_message(c, -1);
}

/* The image's samples in malloc'ed memory. */
static uint8_t *decode(const uint8_t *jpeg, size_t bytes, uint32_t width, uint32_t height,
                       int components, size_t *size)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct c = {.err = jpeg_std_error(&errors)};
    errors.emit_message = on_message;
    errors.error_exit = on_error;
    jpeg_create_decompress(&c);
    jpeg_mem_src(&c, jpeg, bytes);
    CHECK(jpeg_read_header(&c, TRUE) == JPEG_HEADER_OK);
    CHECK(c.image_width == width && c.image_height == height && c.num_components == components);
    c.out_color_space = components == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_start_decompress(&c);
    size_t row = (size_t)c.output_width * (size_t)c.output_components;
    *size = row * c.output_height;
    uint8_t *out = malloc(*size);
    CHECK(out);
    while (c.output_scanline < c.output_height) {
        JSAMPROW at = out + row * c.output_scanline;
        CHECK(jpeg_read_scanlines(&c, &at, 1) == 1);
    }
    CHECK(jpeg_finish_decompress(&c) && errors.num_warnings == 0);
    CHECK(c.src->bytes_in_buffer == 0); /* nothing after the end */
    jpeg_destroy_decompress(&c);
    return out;
}

static void fill(uint8_t *out, size_t bytes, struct input *in)
{
    if (!in->left)
        memset(out, 0x80, bytes);
    for (size_t i = 0; in->left && i < bytes; i++)
        out[i] = in->data[i % in->left];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct jpeg *jpegs[3];
    struct input in = {data, bytes};
    uint32_t width = 1 + take(&in) % SIDE, height = 1 + take(&in) % SIDE;
    uint32_t format = take(&in) % (PIXFMT_FORMATS + 1), flags = take(&in) % 4;
    int quality = (int)take(&in) % 102;
    enum jpeg_sampling sampling = take(&in) % 4;
    unsigned threads = 1 + take(&in) % 3, words = take(&in);
    size_t room = take(&in) % 2 ? jpeg_bound(width, height) : take16(&in);
    unsigned matrix = take(&in) % 11, padding = take(&in) % 8;
    char comment[64], *found;
    size_t length, picture = 0;
    struct image image = {.width = width,
                          .height = height,
                          .format = format,
                          .flags = flags,
                          .matrix = (uint8_t)matrix};
    struct pixfmt_planes planes;
    if (pixfmt_is_image(format) && pixfmt_plan_image(&image, &planes)) {
        for (int i = 0; i < planes.count && padding; i++)
            image.stride[i] = (uint32_t)planes.plane[i].row_bytes + padding;
        CHECK(pixfmt_plan_image(&image, &planes));
        picture = planes.bytes;
    }
    snprintf(comment, sizeof comment, "shmcast words=%u", words);
    for (unsigned i = 0; i < 3; i++)
        CHECK(jpegs[i] || (jpegs[i] = jpeg_new(i + 1)));

    /* Memory of the exact size, so that the sanitizer finds each byte beyond it. */
    uint8_t *pixels = malloc(picture ? picture : 1), *out = malloc(room ? room : 1);
    CHECK(pixels && out);
    fill(pixels, picture, &in);
    errno = 0;
    image.data = pixels;
    size_t size = jpeg_encode(jpegs[threads - 1], &image, quality, sampling, words ? comment : NULL,
                              out, room);
    if (!picture || quality < 1 || quality > 100 || !pixfmt_known(&image))
        CHECK(!size && errno == EINVAL);
    else if (!size)
        CHECK(errno == ENOSPC && room < jpeg_bound(width, height));
    if (size) {
        int components = sampling == JPEG_GRAY || format == PIXFMT_GRAY8 ? 1 : 3;
        CHECK(size <= room);
        found = jpeghead_comment(out, size, &length);
        CHECK(words ? found && length == strlen(comment) && !memcmp(found, comment, length)
                    : !found);
        size_t samples, again;
        uint8_t *seen = decode(out, size, width, height, components, &samples);
        if (threads > 1) {
            size_t all = jpeg_bound(width, height);
            uint8_t *one = malloc(all);
            CHECK(one);
            size = jpeg_encode(jpegs[0], &image, quality, sampling, NULL, one, all);
            CHECK(size);
            uint8_t *other = decode(one, size, width, height, components, &again);
            CHECK(again == samples && !memcmp(seen, other, samples));
            free(other);
            free(one);
        }
        free(seen);
    }
    free(out);
    free(pixels);
    return 0;
}
