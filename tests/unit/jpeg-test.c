/*
 * jpeg-test: unit test of lib/image/jpeg. Images and output buffers end or begin right at an
 * inaccessible page, for every format, row order and sampling at odd sizes; buffers of every size
 * up to the one needed; the bytes of several threads against those of one thread. Exit: 0; 1
 * with the failure on stdout. An access outside the memory ends it with SIGSEGV.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image/jpeg.h"
#include "image/jpeghead.h"
#include "pixfmt.h"
#include "support/fence.h"
#include "support/jpegdecode.h"

static void fill(uint8_t *data, size_t bytes, unsigned noise)
{
    uint32_t x = 1;
    for (size_t i = 0; i < bytes; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(i / 7 + (x >> 24) % noise);
    }
}

/* Several threads write the bytes of one, which libjpeg decodes. */
static void test_same(struct jpeg *one, struct jpeg *many, const void *data, uint32_t width,
                      uint32_t height, uint32_t format, uint32_t flags, enum jpeg_sampling sampling)
{
    size_t room = jpeg_bound(width, height), bytes[2];
    uint8_t *out[2] = {malloc(room), malloc(room)};
    const struct image image = {
        .data = data, .width = width, .height = height, .format = format, .flags = flags};
    for (int i = 0; i < 2; i++) {
        bytes[i] = jpeg_encode(i ? many : one, &image, 85, sampling, "hello", out[i], room);
        CHECK(bytes[i], "%s %ux%u: %s", pixfmt_name(format), width, height, strerror(errno));
    }
    CHECK(bytes[0] == bytes[1] && !memcmp(out[0], out[1], bytes[0]),
          "%s %ux%u flags %u: the JPEG of several threads differs", pixfmt_name(format), width,
          height, flags);
    struct decoded read = jpeg_decode(out[0], bytes[0], true);
    CHECK(read.interval == (width + 7) / 8 || read.interval == (width + 15) / 16,
          "%u MCUs between markers", read.interval);
    free(read.samples);
    free(out[0]);
    free(out[1]);
}

static void test_fences(struct jpeg *one, struct jpeg *many)
{
    static const uint32_t sides[][2] = {{1, 1},   {2, 2},   {7, 9},   {8, 8},    {16, 16},
                                        {17, 31}, {33, 65}, {64, 48}, {127, 130}};
    for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++)
        for (uint32_t format = 1; pixfmt_is_image(format); format++)
            for (uint32_t how = 0; how < 8; how++) {
                size_t bytes = pixfmt_bytes(format, sides[s][0], sides[s][1]);
                struct fenced f = fence(bytes, how & 4);
                fill(f.data, bytes, 64);
                CHECK(!mprotect(f.map + PAGE, f.span, PROT_READ), "mprotect");
                for (int sampling = JPEG_444; sampling <= JPEG_GRAY; sampling++)
                    test_same(one, many, f.data, sides[s][0], sides[s][1], format, how & 3,
                              (enum jpeg_sampling)sampling);
                fence_free(&f);
            }
}

/* Padded rows give the JPEG of packed ones, whatever the padding has, and no byte beyond it is
 * read. */
static void test_padding(struct jpeg *jpeg)
{
    static const uint8_t matrices[] = {PIXFMT_MATRIX_NONE, PIXFMT_BT709, PIXFMT_BT2020};
    for (uint32_t n = 0, format = 1; pixfmt_is_image(format); format += n % 12 == 0) {
        uint32_t flags = n % 4;
        struct image image = {.width = 37,
                              .height = 21,
                              .format = format,
                              .flags = flags,
                              .matrix = matrices[n++ / 4 % 3]};
        struct image wide = image;
        struct pixfmt_planes packed, padded;
        pixfmt_plan_image(&image, &packed);
        for (int i = 0; i < packed.count; i++)
            wide.stride[i] = (uint32_t)packed.plane[i].row_bytes + 5 - (uint32_t)i;
        CHECK(pixfmt_plan_image(&wide, &padded), "padded");
        struct fenced a = fence(packed.bytes, true), b = fence(padded.bytes, true);
        fill(a.data, packed.bytes, 64);
        fill(b.data, padded.bytes, 256);
        for (int i = 0; i < packed.count; i++)
            for (uint32_t y = 0; y < packed.plane[i].height; y++)
                memcpy(b.data + padded.plane[i].offset + y * padded.plane[i].stride,
                       a.data + packed.plane[i].offset + y * packed.plane[i].stride,
                       packed.plane[i].row_bytes);
        image.data = a.data;
        wide.data = b.data;
        uint8_t out[2][65536];
        size_t one = jpeg_encode(jpeg, &image, 90, JPEG_422, NULL, out[0], sizeof out[0]);
        size_t two = jpeg_encode(jpeg, &wide, 90, JPEG_422, NULL, out[1], sizeof out[1]);
        CHECK(one && one == two && !memcmp(out[0], out[1], one), "%s: padding changes the JPEG",
              pixfmt_name(format));
        fence_free(&a);
        fence_free(&b);
    }
}

/* In a buffer of any size the JPEG is complete, or ENOSPC; no byte is written beyond it. */
static void test_rooms(struct jpeg *jpeg)
{
    enum { W = 41, H = 60 };
    uint8_t pixels[W * H * 3], whole[65536];
    fill(pixels, sizeof pixels, 200);
    const struct image image = {.data = pixels, .width = W, .height = H, .format = PIXFMT_RGB24};
    size_t bytes = jpeg_encode(jpeg, &image, 75, JPEG_420, "hello", whole, sizeof whole);
    CHECK(bytes > 1000, "%zu bytes", bytes);
    for (size_t room = 0; room <= bytes + 2; room++) {
        struct fenced f = fence(room, true);
        errno = 0;
        size_t got = jpeg_encode(jpeg, &image, 75, JPEG_420, "hello", f.data, room);
        CHECK(got == 0 || got == bytes, "room %zu: %zu of %zu bytes", room, got, bytes);
        CHECK(got || errno == ENOSPC, "room %zu: %s", room, strerror(errno));
        CHECK(!got || !memcmp(f.data, whole, got), "room %zu: other bytes", room);
        CHECK(got || room <= bytes, "room %zu is sufficient for %zu", room, bytes);
        CHECK(!got || room >= bytes, "%zu bytes in room %zu", got, room);
        fence_free(&f);
    }
}

/* The worst case, noise at quality 100, must not exceed the bound. */
static void test_bound(struct jpeg *jpeg)
{
    for (uint32_t side = 1; side < 300; side += 23) {
        size_t bytes = pixfmt_bytes(PIXFMT_YUV444P, side, side), room = jpeg_bound(side, side);
        struct fenced in = fence(bytes, true), out = fence(room, true);
        fill(in.data, bytes, 256);
        const struct image image = {.data = in.data,
                                    .width = side,
                                    .height = side,
                                    .format = PIXFMT_YUV444P,
                                    .flags = PIXFMT_LIMITED};
        CHECK(jpeg_encode(jpeg, &image, 100, JPEG_444, NULL, out.data, room), "noise of %ux%u: %s",
              side, side, strerror(errno));
        fence_free(&in);
        fence_free(&out);
    }
    CHECK(jpeg_bound(0, 1) == 0 && jpeg_bound(1, 65501) == 0, "a bound for an invalid size");
}

/* A width at which the MCUs of a strip exceed a restart interval. */
static void test_wide(struct jpeg *one, struct jpeg *many)
{
    enum { W = 65500, H = 8 * 60 };
    uint8_t *data = malloc((size_t)W * H);
    fill(data, (size_t)W * H, 3);
    test_same(one, many, data, W, H, PIXFMT_GRAY8, 0, JPEG_444);
    free(data);
}

static void test_refused(struct jpeg *jpeg)
{
    static const struct {
        uint32_t width, height, format;
        int quality;
        uint8_t matrix;
    } bad[] = {{1, 1, PIXFMT_RGB24, 80, 3},
               {0, 1, PIXFMT_RGB24, 80},
               {1, 0, PIXFMT_RGB24, 80},
               {65501, 1, PIXFMT_GRAY8, 80},
               {1, 1, PIXFMT_F32, 80},
               {1, 65501, PIXFMT_GRAY8, 80},
               {1, 1, 0, 80},
               {1, 1, PIXFMT_FORMATS, 80},
               {1, 1, PIXFMT_RGB24, 0},
               {1, 1, PIXFMT_RGB24, 101}};
    uint8_t pixel[4] = {0}, out[4096];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct image image = {.data = pixel,
                                    .width = bad[i].width,
                                    .height = bad[i].height,
                                    .format = bad[i].format,
                                    .matrix = bad[i].matrix};
        errno = 0;
        CHECK(!jpeg_encode(jpeg, &image, bad[i].quality, JPEG_420, NULL, out, sizeof out) &&
                  errno == EINVAL,
              "number %zu was not refused", i);
    }
}

/* The comment of a JPEG truncated anywhere, and of one with any byte of its header changed. */
static void test_comment(struct jpeg *jpeg)
{
    uint8_t pixel[3] = {1, 2, 3}, out[4096];
    const struct image image = {.data = pixel, .width = 1, .height = 1, .format = PIXFMT_RGB24};
    size_t length, bytes = jpeg_encode(jpeg, &image, 80, JPEG_420, "hello", out, sizeof out);
    char *text = jpeghead_comment(out, bytes, &length);
    CHECK(text && length == 5 && !memcmp(text, "hello", 5), "the comment");
    CHECK((uint8_t *)text == out + 2 + 18 + 4, "the comment does not directly follow APP0");
    for (size_t cut = 0; cut < bytes; cut++) {
        struct fenced f = fence(cut, true);
        memcpy(f.data, out, cut);
        text = jpeghead_comment(f.data, cut, &length);
        CHECK(!text == (cut < 2 + 18 + 4 + 5), "cut at %zu", cut);
        fence_free(&f);
    }
    struct fenced f = fence(40, true);
    for (int at = 0; at < 40; at++)
        for (int value = 0; value < 256; value++) {
            memcpy(f.data, out, 40);
            f.data[at] = (uint8_t)value;
            text = jpeghead_comment(f.data, 40, &length);
            CHECK(!text || (uint8_t *)text + length <= f.data + 40, "beyond the end");
        }
    fence_free(&f);
    bytes = jpeg_encode(jpeg, &image, 80, JPEG_420, NULL, out, sizeof out);
    CHECK(!jpeghead_comment(out, bytes, &length), "a comment where there is none");
}

/* A header written again has the size and the comment, whatever comment it had, and all else. */
static void test_head(struct jpeg *jpeg)
{
    uint8_t pixel[3] = {1, 2, 3}, out[4096], again[4096];
    const struct image image = {.data = pixel, .width = 1, .height = 1, .format = PIXFMT_RGB24};
    for (int with = 0; with < 2; with++) {
        struct jpeghead head, written;
        size_t length,
            bytes = jpeg_encode(jpeg, &image, 80, JPEG_420, with ? "hello" : NULL, out, sizeof out);
        CHECK(jpeghead_find(&head, out, bytes), "no header");
        CHECK(head.comment == 2 + 18 && head.rest == head.comment + (with ? 9 : 0), "the comment");
        size_t size = jpeghead_write(&head, out, 258, 772, "good bye", 8, again);
        CHECK(size == head.bytes + 8 + 4 - (head.rest - head.comment), "%zu bytes", size);
        CHECK(jpeghead_find(&written, again, size) && written.bytes == size, "not a header");
        char *text = jpeghead_comment(again, size, &length);
        CHECK(text && length == 8 && !memcmp(text, "good bye", 8), "another comment");
        CHECK(!memcmp(again + written.frame + 5, "\3\4\1\2", 4), "another size");
        jpeghead_resize(&written, again, 1, 1);
        CHECK(!memcmp(again, out, head.comment) &&
                  !memcmp(again + written.rest, out + head.rest, size - written.rest),
              "other segments");
        for (size_t cut = 0; cut <= head.bytes; cut++) {
            struct fenced f = fence(cut, true);
            memcpy(f.data, out, cut);
            CHECK(jpeghead_find(&written, f.data, cut) == (cut == head.bytes), "cut at %zu", cut);
            fence_free(&f);
        }
        for (size_t at = 0; at < head.bytes; at++)
            for (unsigned value = 0; value < 256; value++) {
                struct fenced f = fence(head.bytes, true);
                memcpy(f.data, out, head.bytes);
                f.data[at] = (uint8_t)value;
                if (jpeghead_find(&written, f.data, head.bytes)) {
                    CHECK(written.bytes <= head.bytes && written.comment <= written.rest, "beyond");
                    size = jpeghead_write(&written, f.data, 1, 1, "", 0, again);
                    CHECK(size <= written.bytes + JPEGHEAD_COM, "%zu bytes", size);
                }
                fence_free(&f);
            }
    }
}

int main(void)
{
    struct jpeg *one = jpeg_new(1), *many = jpeg_new(3);
    CHECK(one && many, "jpeg_new: %s", strerror(errno));
    test_refused(one);
    test_comment(one);
    test_head(one);
    test_fences(one, many);
    test_padding(one);
    test_padding(many);
    test_rooms(one);
    test_rooms(many);
    test_bound(one);
    test_bound(many);
    test_wide(one, many);
    jpeg_free(one);
    jpeg_free(many);
    return 0;
}
