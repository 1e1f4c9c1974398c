/*
 * tiles-test NAME: unit test of the tables of tiles (lib/image/tiletable), of the rectangles of
 * marked tiles (lib/image/tilerects), and of a packet's extra data, in the stream NAME that it
 * creates and removes (lib/ring). Exit: 0; 1 with the failure on stdout. An access outside a table
 * ends it with SIGSEGV.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "claim.h"
#include "image/tilerects.h"
#include "image/tiletable.h"
#include "ring.h"
#include "stream.h"
#include "support/fence.h"
#include "support/random.h"

enum { WIDTH = 101, HEIGHT = 37, COLUMNS = 4, ROWS = 3, TILES = COLUMNS * ROWS, NUMBER = 9 };

static void fill_table(struct tiletable *table, size_t *jpeg_bytes)
{
    uint32_t at = 600;
    *table = (struct tiletable){.magic = TILETABLE_MAGIC,
                                .tile_width = 32,
                                .tile_height = 16,
                                .columns = COLUMNS,
                                .rows = ROWS,
                                .first = 5};
    for (int i = 0; i < TILES; i++) {
        table->tiles[i] = (struct tiletable_tile){5 + (uint64_t)i % 5, at, 10 * (uint32_t)i};
        at += 10 * (uint32_t)i + 2;
    }
    *jpeg_bytes = at;
}

/* Every table that differs from a sound one in a field that matters is refused. */
static void test_table(void)
{
    size_t bytes = tiletable_bytes(TILES), jpeg;
    struct fenced f = fence(bytes, true);
    struct tiletable *table = (struct tiletable *)f.data;
    struct tiletable_tile *last = &table->tiles[TILES - 1];
    uint32_t max = UINT32_MAX;
#define SOUND() tiletable_sound(table, bytes, WIDTH, HEIGHT, jpeg, NUMBER)
#define REFUSED(what)                                                                              \
    do {                                                                                           \
        fill_table(table, &jpeg);                                                                  \
        CHECK(SOUND(), "the table is refused");                                                    \
        what;                                                                                      \
        CHECK(!SOUND(), "accepted: " #what);                                                       \
    } while (0)
    REFUSED(table->magic++);
    REFUSED(table->flags = 2);
    REFUSED(table->tile_width = 0);
    REFUSED(table->tile_width = 25);
    REFUSED(table->tile_width = 34);
    REFUSED(table->tile_width = max);
    REFUSED(table->tile_height = 0);
    REFUSED(table->tile_height = 8);
    REFUSED(table->tile_height = 37);
    REFUSED(table->columns = 0);
    REFUSED(table->columns++);
    REFUSED(table->rows = 0);
    REFUSED(table->rows--);
    REFUSED(table->rows = max);
    REFUSED(table->first = 0);
    REFUSED(table->first = NUMBER + 1);
    REFUSED(table->first = 6);
    REFUSED(last->changed = NUMBER + 1);
    REFUSED(last->changed = 4);
    REFUSED(last->at++);
    REFUSED(last->bytes++);
    REFUSED(last->bytes--);
    REFUSED(last->bytes = max);
    REFUSED(table->tiles[0].at = max);
    REFUSED(table->tiles[1].bytes = max);
    REFUSED(bytes--);
    bytes++;
    REFUSED(bytes++);
    bytes--;
    REFUSED(jpeg--);
    REFUSED(jpeg++);
    fill_table(table, &jpeg);
    table->flags = TILETABLE_SHARP;
    CHECK(SOUND(), "a sharp table is refused");
    table->tile_width = 96; /* the table has tiles that the picture has not */
    CHECK(!SOUND(), "tiles of another width");
    CHECK(!tiletable_sound(table, bytes, WIDTH, 49, jpeg, NUMBER), "another height");
    CHECK(!tiletable_sound(table, bytes, 0, 0, jpeg, NUMBER), "no picture");
    for (size_t cut = 0; cut < bytes; cut += 8) {
        struct fenced less = fence(cut, true);
        fill_table(table, &jpeg);
        memcpy(less.data, table, cut);
        CHECK(!tiletable_sound((struct tiletable *)less.data, cut, WIDTH, HEIGHT, jpeg, NUMBER),
              "a table cut at %zu", cut);
        fence_free(&less);
    }
    fence_free(&f);
}

/* Whether two rows of tiles have the same run of marked tiles from column x on. */
static bool same_run(const uint8_t *a, const uint8_t *b, uint32_t x, uint32_t columns)
{
    if (x && (a[x - 1] || b[x - 1]))
        return false;
    for (; x < columns && (a[x] || b[x]); x++)
        if (a[x] != b[x])
            return false;
    return true;
}

/* The rectangles cover the marked tiles, each once; equal runs below each other are one. */
static void test_rects(void)
{
    for (int n = 0; n < 20000; n++) {
        uint32_t columns = 1 + (uint32_t)below(9), rows = 1 + (uint32_t)below(9);
        unsigned density = 1 + (unsigned)below(6), runs = 0, count = 0;
        size_t tiles = (size_t)columns * rows, last = 0;
        uint8_t want[81], got[81] = {0};
        struct fenced f = fence(tiles, n % 2);
        for (size_t i = 0; i < tiles; i++) {
            want[i] = f.data[i] = below(density) == 0;
        }
        for (size_t i = 0; i < tiles; i++)
            runs += want[i] && (i % columns == 0 || !want[i - 1]) &&
                    (i < columns ||
                     !same_run(want + i / columns * columns, want + (i / columns - 1) * columns,
                               (uint32_t)(i % columns), columns));
        struct tilerects left = {.marked = f.data, .columns = columns, .rows = rows};
        for (struct tilerect r; tilerects_next(&left, &r); count++) {
            CHECK(r.columns >= 1 && r.rows >= 1 && r.column + r.columns <= columns &&
                      r.row + r.rows <= rows,
                  "a rectangle outside the grid");
            size_t first = (size_t)r.row * columns + r.column;
            CHECK(!count || first > last, "not in raster order");
            last = first;
            for (uint32_t y = r.row; y < r.row + r.rows; y++)
                for (uint32_t x = r.column; x < r.column + r.columns; x++)
                    got[y * columns + x]++;
        }
        CHECK(!memcmp(want, got, tiles), "not the marked tiles");
        CHECK(count == runs, "%u rectangles instead of %u", count, runs);
        fence_free(&f);
    }
}

/* A packet with `bytes` of data and `extra` of further data, which reader must find. */
static void pass_extra(struct ring *writer, struct ring *reader, size_t bytes, uint32_t extra)
{
    uint8_t *slot = ring_begin(writer);
    CHECK(slot, "ring_begin");
    size_t at = ring_extra_at(bytes);
    memset(slot, 1, at);
    memset(slot + at, 2, extra);
    struct ring_meta meta = {.bytes = bytes, .extra_bytes = extra, .width = 1, .height = 1};
    ring_commit(writer, &meta);
    struct ring_view view = {0};
    CHECK(ring_pin(reader, 0, &view) == 1, "%zu and %u bytes", bytes, extra);
    CHECK(view.meta.bytes == bytes && view.meta.extra_bytes == extra, "the sizes");
    CHECK(!extra == !view.extra && (uintptr_t)view.extra % 8 == 0, "the address");
    for (size_t i = 0; i < bytes; i++)
        CHECK(((const uint8_t *)view.data)[i] == 1, "byte %zu of %zu", i, bytes);
    for (size_t i = 0; i < extra; i++)
        CHECK(((const uint8_t *)view.extra)[i] == 2, "further byte %zu of %u", i, extra);
    ring_unpin(reader);
}

/* Further data reaches readers with and without a claim; what does not fit the slot is skipped. */
static void test_extra(const char *name)
{
    const struct stream_spec spec = {.width = 8, .height = 8, .slots = 3, .packet_bytes = 4096};
    struct stream *stream = stream_create(name, &spec, false);
    CHECK(stream, "%s: %s", name, stream_problem(errno));
    struct ring *writer = ring_open_writer(stream, RING_PACKETS),
                *pins = ring_open_reader(stream, RING_PACKETS), *copies;
    while (claim_take_reader(stream, CLAIM_ROLE_NONE) >= 0)
        continue;
    copies = ring_open_reader(stream, RING_PACKETS);
    CHECK(writer && pins && copies, "rings");
    for (size_t bytes = 1; bytes < 20; bytes++)
        for (uint32_t extra = 0; extra < 20; extra++) {
            pass_extra(writer, pins, bytes, extra);
            pass_extra(writer, copies, bytes, extra);
        }
    pass_extra(writer, pins, 4000, 96);
    pass_extra(writer, copies, 4000, 96);
    ring_close(copies);
    ring_close(pins);
    ring_close(writer);
    CHECK(stream_remove(stream, true) == 0, "stream_remove");
    stream_close(stream);
}

/* Sizes that do not fit the slot, as a hostile writer may store them. */
static void test_hostile(const char *name)
{
    const struct stream_spec spec = {.width = 8, .height = 8, .slots = 3, .packet_bytes = 4096};
    struct stream *stream = stream_create(name, &spec, false);
    CHECK(stream, "%s: %s", name, stream_problem(errno));
    struct ring *writer = ring_open_writer(stream, RING_PACKETS),
                *reader = ring_open_reader(stream, RING_PACKETS);
    static const struct {
        uint64_t bytes;
        uint32_t extra;
    } bad[] = {{4089, 1},          {4096, 8},           {4000, 97},
               {1, UINT32_MAX},    {UINT64_MAX, 1},     {UINT64_MAX - 7, 16},
               {UINT64_MAX, 4096}, {INT64_MAX, 1 << 20}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ring_view view;
        CHECK(ring_begin(writer), "ring_begin");
        struct ring_meta meta = {
            .bytes = bad[i].bytes, .extra_bytes = bad[i].extra, .width = 1, .height = 1};
        ring_commit(writer, &meta);
        CHECK(ring_pin(reader, 0, &view) == 0, "number %zu is accepted", i);
    }
    ring_close(reader);
    ring_close(writer);
    CHECK(stream_remove(stream, true) == 0, "stream_remove");
    stream_close(stream);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    test_table();
    test_rects();
    test_extra(argv[1]);
    test_hostile(argv[1]);
    return 0;
}
