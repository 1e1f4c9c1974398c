/*
 * picture-test [SEQUENCES [SEED]]: property test of shm-encode's pictures (damage, tilechain,
 * picture) and of what viewers make of their tables. Frames of random formats, sizes, strides,
 * matrices, qualities and samplings change at random places, or not at all, or everywhere. Of each
 * packet:
 *   - a joined JPEG has the bytes of all tiles encoded anew by one thread, and libjpeg decodes it
 * to the pixels of jpeg_encode's JPEG;
 *   - the table is sound;
 *   - viewers that skip packets at random, and then take only the tiles that the table says they
 *     lack, have the whole frame afterwards; and sharp, if it was sharpened.
 * Exit: 0; 1 with the failure on stdout. An access outside a frame or a packet ends it with
 * SIGSEGV.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include "picture.h"
#include "pixfmt.h"
#include "ring.h"
#include "support/fence.h"
#include "support/jpegdecode.h"
#include "support/random.h"

enum { VIEWERS = 4, SIDE = 700 };

/* A viewer's picture: of each pixel the frame that it shows, and whether it is sharp. */
struct viewer {
    uint64_t last, last_sharp; /* numbers of packets; 0: none */
    uint32_t *shows;
    bool *sharp;
};

static struct world {
    struct picture picture;
    struct jpeg *one;
    struct image image;
    struct pixfmt_planes planes;
    struct fenced frame;
    uint8_t *before;   /* the frame last looked at */
    uint32_t *version; /* of each pixel: the frame in which it last changed */
    uint32_t frames;
    uint64_t number; /* of the next packet */
    struct viewer viewers[VIEWERS];
    unsigned long joined, reused, whole, sharp, parts;
} w;

/* --- decoding --- */

static void check_pixels(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    struct decoded one = jpeg_decode(a, a_bytes, true), two = jpeg_decode(b, b_bytes, true);
    CHECK(one.bytes == two.bytes && !memcmp(one.samples, two.samples, one.bytes),
          "other pixels than jpeg_encode's");
    free(one.samples);
    free(two.samples);
}

/* --- frames --- */

static void new_frame_memory(void)
{
    fence_free(&w.frame);
    w.frame = fence(w.planes.bytes, below(2));
    w.image.data = w.frame.data;
    for (size_t i = 0; i < w.planes.bytes; i++)
        w.frame.data[i] = (uint8_t)(i / 9);
    w.before = realloc(w.before, w.planes.bytes);
    size_t pixels = (size_t)w.image.width * w.image.height;
    w.version = realloc(w.version, pixels * sizeof *w.version);
    CHECK(w.before && w.version, "realloc");
    for (size_t i = 0; i < pixels; i++)
        w.version[i] = w.frames;
    for (int i = 0; i < VIEWERS; i++) {
        struct viewer *v = &w.viewers[i];
        v->shows = realloc(v->shows, pixels * sizeof *v->shows);
        v->sharp = realloc(v->sharp, pixels * sizeof *v->sharp);
        CHECK(v->shows && v->sharp, "realloc");
        v->last = v->last_sharp = 0; /* another size: viewers start over, as in a new canvas */
    }
}

/* Another picture: format, size, row order, stride, or all of these but format and size. */
static void new_image(void)
{
    static const uint8_t matrices[] = {PIXFMT_MATRIX_NONE, PIXFMT_BT709, PIXFMT_BT601,
                                       PIXFMT_BT2020};
    const struct image old = w.image;
    uint32_t side = 1 + (uint32_t)below(SIDE);
    w.image = (struct image){.width = 1 + (uint32_t)below(SIDE),
                             .height = 1 + (uint32_t)below(side < 100 ? side : 100),
                             .format = 1 + (uint32_t)below(PIXFMT_YUV444P),
                             .flags = (uint32_t)below(4),
                             .matrix = matrices[below(4)]};
    if (old.width && below(2)) {
        w.image.width = old.width;
        w.image.height = old.height;
        w.image.format = old.format;
    }
    CHECK(pixfmt_plan_image(&w.image, &w.planes), "pixfmt_plan_image");
    for (int i = 0; i < w.planes.count && below(2); i++)
        w.image.stride[i] = (uint32_t)(w.planes.plane[i].row_bytes + below(9));
    CHECK(pixfmt_plan_image(&w.image, &w.planes), "pixfmt_plan_image");
    w.frames++;
    new_frame_memory();
}

/* A sample was changed: all pixels that show it have. */
static void touch(int plane, uint32_t x, uint32_t y)
{
    const struct pixfmt_plane *p = &w.planes.plane[plane];
    uint32_t across = p->width < w.image.width ? 2 : 1, down = p->height < w.image.height ? 2 : 1;
    if (w.image.flags & PIXFMT_BOTTOM_UP)
        y = p->height - 1 - y;
    for (uint32_t v = y * down; v < (y + 1) * down && v < w.image.height; v++)
        for (uint32_t u = x * across; u < (x + 1) * across && u < w.image.width; u++)
            w.version[(size_t)v * w.image.width + u] = w.frames;
}

static void scribble(uint32_t most)
{
    int plane = (int)below((unsigned)w.planes.count);
    const struct pixfmt_plane *p = &w.planes.plane[plane];
    size_t sample = p->row_bytes / p->width;
    uint32_t left = (uint32_t)below(p->width), top = (uint32_t)below(p->height);
    uint32_t right = left + 1 + (uint32_t)below(most), bottom = top + 1 + (uint32_t)below(most);
    for (uint32_t y = top; y < bottom && y < p->height; y++)
        for (uint32_t x = left; x < right && x < p->width; x++) {
            uint8_t *at = w.frame.data + p->offset + y * p->stride + x * sample;
            at[below(sample)] ^= (uint8_t)(1 + below(255));
            touch(plane, x, y);
        }
}

/* Bytes between the rows, which mean nothing. */
static void scribble_padding(void)
{
    for (int i = 0; i < w.planes.count; i++) {
        const struct pixfmt_plane *p = &w.planes.plane[i];
        for (uint32_t y = 0; y < p->height && p->stride > p->row_bytes; y++)
            w.frame.data[p->offset + y * p->stride + p->row_bytes] = (uint8_t)below(256);
    }
}

/* Whether the frame differs from the one last looked at. */
static bool differs(void)
{
    for (int i = 0; i < w.planes.count; i++) {
        const struct pixfmt_plane *p = &w.planes.plane[i];
        for (size_t y = 0, at = p->offset; y < p->height; y++, at += p->stride)
            if (memcmp(w.before + at, w.frame.data + at, p->row_bytes) != 0)
                return true;
    }
    return false;
}

/* How the next frame differs. full: frames of full motion that are still to come. */
static void change(unsigned *full)
{
    w.frames++;
    scribble_padding();
    if (*full || below(25) == 0) {
        *full = *full ? *full - 1 : 8;
        for (size_t n = 0; n < (size_t)w.image.width * w.image.height / 64 + 8; n++)
            scribble(20);
        scribble(SIDE);
        return;
    }
    switch (below(4)) {
    case 0:
        break;
    case 1:
        scribble(1);
        break;
    default:
        for (size_t n = 1 + below(4); n; n--)
            scribble(1 + (uint32_t)below(80));
    }
}

/* --- viewers --- */

static void show(struct viewer *v, bool sharp, uint32_t left, uint32_t top, uint32_t right,
                 uint32_t bottom)
{
    for (uint32_t y = top; y < bottom && y < w.image.height; y++)
        for (uint32_t x = left; x < right && x < w.image.width; x++) {
            size_t at = (size_t)y * w.image.width + x;
            v->shows[at] = w.version[at];
            v->sharp[at] = sharp;
        }
}

/* The viewer takes a packet: what its table says, or all of it. */
static void view(struct viewer *v, const struct tiletable *table, uint64_t number)
{
    bool sharp = table && table->flags & TILETABLE_SHARP;
    uint64_t has = sharp ? v->last_sharp : v->last;
    if (!table || v->last < table->first || has < table->first) {
        show(v, sharp, 0, 0, w.image.width, w.image.height);
    } else {
        for (uint32_t row = 0, i = 0; row < table->rows; row++)
            for (uint32_t column = 0; column < table->columns; column++, i++)
                if (table->tiles[i].changed > has) {
                    uint32_t x = column * table->tile_width, y = row * table->tile_height;
                    show(v, sharp, x, y, x + table->tile_width, y + table->tile_height);
                }
        w.parts++;
    }
    v->last = number;
    if (sharp)
        v->last_sharp = number;
    for (size_t i = 0; i < (size_t)w.image.width * w.image.height; i++) {
        CHECK(v->shows[i] == w.version[i], "packet %lu: pixel %zu,%zu of frame %u, not %u",
              (unsigned long)number, i % w.image.width, i / w.image.width, v->shows[i],
              w.version[i]);
        CHECK(!sharp || v->sharp[i], "packet %lu: pixel %zu is not sharp", (unsigned long)number,
              i);
    }
}

/* --- packets --- */

/* All tiles encoded anew, by one thread. */
static size_t encode_anew(enum picture_kind kind, int quality, const char *comment, size_t length,
                          uint8_t *out)
{
    struct tilechain chain = {0};
    enum jpeg_sampling sampling = w.picture.wanted[kind].sampling;
    CHECK(tilechain_begin(&chain, &w.image, sampling, 1) == 0, "tilechain_begin");
    CHECK(tilechain_encode(&chain, w.one, &w.image, quality, sampling) == 0, "tilechain_encode");
    size_t bytes = tilechain_bytes(&chain, length);
    tilechain_write(&chain, comment, length, out);
    tilechain_free(&chain);
    return bytes;
}

static void check_jpeg(enum picture_kind kind, int quality, const struct picture_room *room,
                       size_t bytes)
{
    enum jpeg_sampling sampling = w.picture.wanted[kind].sampling;
    size_t length, most = jpeg_bound(w.image.width, w.image.height) + 65536;
    char *text = jpeghead_comment(room->data, bytes, &length), comment[JPEGCOMMENT_MAX] = "";
    CHECK(text && length < sizeof comment, "no comment");
    memcpy(comment, text, length);
    uint8_t *other = malloc(most);
    CHECK(other, "malloc");
    size_t plain = jpeg_encode(w.one, &w.image, quality, sampling, comment, other, most);
    CHECK(plain, "jpeg_encode");
    if (!room->extra) {
        CHECK(plain == bytes && !memcmp(other, room->data, bytes), "not jpeg_encode's JPEG");
        w.whole++;
    } else {
        if (below(4) == 0)
            check_pixels(room->data, bytes, other, plain);
        size_t anew = encode_anew(kind, quality, comment, length, other);
        CHECK(anew == bytes, "%zu bytes, not the %zu of all tiles encoded anew", bytes, anew);
        CHECK(!memcmp(other, room->data, bytes), "not the bytes of all tiles encoded anew");
        w.joined++;
    }
    free(other);
}

/* Encodes a packet, which some viewers take. */
static void publish(enum picture_kind kind)
{
    size_t most = jpeg_bound(w.image.width, w.image.height) + 262144;
    struct fenced out = fence(most, true);
    struct picture_room room = {.data = out.data, .bytes = most, .tables = true};
    struct jpegcomment comment = {.sequence = w.number, .frame = w.frames, .clock = 1};
    int quality = kind == PICTURE_BASE ? w.picture.quality : w.picture.wanted[kind].quality;
    size_t bytes = picture_encode(&w.picture, kind, &w.image, w.number, &comment, &room);
    CHECK(bytes, "picture_encode: %s", strerror(errno));
    const struct tiletable *table = NULL;
    if (room.extra) {
        table = (const struct tiletable *)(out.data + ring_extra_at(bytes));
        CHECK(tiletable_sound(table, room.extra, w.image.width, w.image.height, bytes, w.number),
              "the table is not sound");
        CHECK(!(table->flags & TILETABLE_SHARP) == (kind == PICTURE_BASE), "the flags");
        for (uint32_t i = 0; i < table->columns * table->rows; i++)
            w.reused += table->tiles[i].changed < w.number;
    }
    check_jpeg(kind, quality, &room, bytes);
    CHECK(kind == PICTURE_BASE || (table && w.picture.damage.last.data),
          "the next frame is not compared with a sharpened picture");
    w.sharp += kind == PICTURE_SHARP;

    /* Any smaller room: refused, or without the table; nothing is written beyond it. */
    size_t small = bytes - below(2);
    struct fenced less = fence(small, true);
    room = (struct picture_room){.data = less.data, .bytes = small, .tables = true};
    size_t again = picture_encode(&w.picture, kind, &w.image, w.number, &comment, &room);
    CHECK(again == bytes || (again == 0 && errno == ENOSPC), "%zu bytes", again);
    CHECK(!room.extra, "a table outside the room");
    fence_free(&less);

    for (int i = 0; i < VIEWERS; i++)
        if (below(3) == 0)
            view(&w.viewers[i], table, w.number);
    w.number++;
    fence_free(&out);
}

static void run_sequence(void)
{
    unsigned full = 0;
    new_image();
    for (unsigned n = 10 + (unsigned)below(30); n; n--) {
        bool compared = w.picture.damage.last.data;
        if (below(40) == 0) {
            new_image();
            compared = false;
        } else {
            change(&full);
        }
        int got = picture_look(&w.picture, &w.image, w.number);
        CHECK(got == 1 || (got == 0 && compared), "picture_look: %d", got);
        CHECK(!compared || got || !differs(), "a change was not seen");
        CHECK(!compared || !got || differs() || !w.picture.tiled, "a change was seen that is none");
        memcpy(w.before, w.frame.data, w.planes.bytes);
        if (below(12) == 0)
            continue; /* no slot is free */
        if (below(30) == 0)
            w.picture.quality = 1 + (int)below(100);
        publish(PICTURE_BASE);
        if (below(25) == 0) /* it did not fit, and is in no packet: its number is used again */
            picture_forget(&w.picture);
        for (size_t again = below(6) == 0 ? 1 + below(2) : 0; again; again--)
            publish(PICTURE_SHARP);
    }
}

int main(int argc, char **argv)
{
    unsigned sequences = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    w.one = jpeg_new(1);
    w.number = 1;
    CHECK(w.one, "jpeg_new");
    while (sequences--) {
        struct jpeg *jpeg = jpeg_new(1 + (unsigned)below(3));
        CHECK(jpeg, "jpeg_new");
        w.picture =
            (struct picture){.jpeg = jpeg,
                             .wanted = {{1 + (int)below(100), (enum jpeg_sampling)below(4)},
                                        {1 + (int)below(100), (enum jpeg_sampling)below(4)}},
                             .damage.always = below(3) == 0};
        w.picture.quality = w.picture.wanted[PICTURE_BASE].quality;
        run_sequence();
        picture_free(&w.picture);
        jpeg_free(jpeg);
    }
    printf("joined %lu whole %lu sharp %lu parts %lu reused-tiles %lu\n", w.joined, w.whole,
           w.sharp, w.parts, w.reused);
    jpeg_free(w.one);
    return 0;
}
