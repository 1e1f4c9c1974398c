/*
 * tileparts-test SEED COUNT: unit test of lib/image/tileparts. Random pictures, cut into tiles of
 * random width, get random numbers of changes, and viewers random pictures that they show. The
 * parts, decoded and drawn over what such a viewer shows, must give the decoded whole picture,
 * leave each sharp tile alone that has not changed, and be smaller than the JPEG. JPEG and table
 * end at an inaccessible page. Chroma is decoded without smoothing, which would look beyond a tile.
 * Exit: 0; 1 with the failure on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include "image/jpegcomment.h"
#include "image/tileparts.h"
#include "support/fence.h"
#include "support/jpegdecode.h"
#include "support/random.h"

enum { SIDE_MAX = 300, NUMBERS = 40, LEAD = 9 };

static const char comment[] = "shmcast seq=30 frame=3 event=0 captured=1.0 published=1.0 clock=1";
static const uint8_t STALE = 1, KEPT = 2; /* what a viewer shows of a tile that it needs, or not */

struct picture {
    uint32_t width, height, tile_width, tile_height, columns, rows;
    struct fenced jpeg, table;
    size_t bytes, table_bytes;
    struct tiletable *tiles;
};

/* A JPEG of a random picture, some of it plain. */
static uint8_t *encode(uint32_t width, uint32_t height, int h, int v, int components,
                       unsigned interval, unsigned long *bytes)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    uint8_t *out = NULL, row[SIDE_MAX * 3];
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, bytes);
    c.image_width = width;
    c.image_height = height;
    c.input_components = components;
    c.in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 40 + (int)below(60), TRUE);
    if (components == 3) {
        c.comp_info[0].h_samp_factor = h;
        c.comp_info[0].v_samp_factor = v;
    }
    c.restart_interval = interval;
    jpeg_start_compress(&c, TRUE);
    if (below(10))
        jpeg_write_marker(&c, JPEG_COM, (const JOCTET *)comment, strlen(comment));
    unsigned noise = 1 + (unsigned)below(255);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t i = 0; i < width * (unsigned)components; i++)
            row[i] = y % 64 < 32 ? 77 : (uint8_t)(i / 3 + random_bits() % noise);
        JSAMPROW at = row;
        jpeg_write_scanlines(&c, &at, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return out;
}

static uint64_t random_number(void)
{
    return 10 + below(NUMBERS - 10);
}

/* Finds the tiles of a JPEG by its markers. */
static void make_table(struct picture *p)
{
    struct jpeghead head;
    size_t count = (size_t)p->columns * p->rows, i = 0;
    CHECK(jpeghead_find(&head, p->jpeg.data, p->bytes), "no header");
    p->table_bytes = tiletable_bytes(count);
    p->table = fence(p->table_bytes, true);
    p->tiles = (struct tiletable *)p->table.data;
    *p->tiles = (struct tiletable){.magic = TILETABLE_MAGIC,
                                   .flags = below(2) ? TILETABLE_SHARP : 0,
                                   .tile_width = p->tile_width,
                                   .tile_height = p->tile_height,
                                   .columns = p->columns,
                                   .rows = p->rows,
                                   .first = 10};
    uint64_t oldest = below(3) ? 10 : random_number();
    for (size_t at = head.bytes, next; at < p->bytes; at = next) {
        for (next = at; p->jpeg.data[next] != 0xff || !p->jpeg.data[next + 1];)
            next++;
        CHECK(i < count, "too many restart intervals");
        uint64_t changed = below(4) ? oldest : oldest + below(NUMBERS - oldest);
        p->tiles->tiles[i++] =
            (struct tiletable_tile){changed, (uint32_t)at, (uint32_t)(next - at)};
        next += 2;
    }
    CHECK(i == count, "%zu restart intervals, not %zu", i, count);
}

static void make_picture(struct picture *p)
{
    static const int samplings[][2] = {{1, 1}, {2, 1}, {2, 2}};
    const int *sampling = samplings[below(3)];
    int components = below(4) ? 3 : 1;
    uint32_t mcu = components == 1 ? 8 : 8 * (uint32_t)sampling[0];
    unsigned long bytes = 0;
    p->width = 1 + (uint32_t)below(SIDE_MAX);
    p->height = 1 + (uint32_t)below(SIDE_MAX);
    uint32_t across = (p->width + mcu - 1) / mcu, interval;
    do
        interval = 1 + (uint32_t)below(across);
    while (across % interval);
    p->tile_width = interval * mcu;
    p->tile_height = components == 1 ? 8 : 8 * (uint32_t)sampling[1];
    p->columns = across / interval;
    p->rows = (p->height + p->tile_height - 1) / p->tile_height;
    uint8_t *jpeg =
        encode(p->width, p->height, sampling[0], sampling[1], components, interval, &bytes);
    p->bytes = bytes;
    p->jpeg = fence(bytes, true);
    memcpy(p->jpeg.data, jpeg, bytes);
    free(jpeg);
    make_table(p);
}

/* Draws the parts of a message on a canvas. Returns their number. */
static unsigned draw(const struct picture *p, const uint8_t *message, size_t bytes, uint8_t *canvas,
                     unsigned components)
{
    unsigned drawn = 0, part, count, words[6];
    for (size_t at = 0; at < bytes; at += words[2]) {
        struct jpegcomment read;
        struct jpeghead head;
        char text[JPEGCOMMENT_MAX + 200] = "";
        CHECK(jpeghead_find(&head, message + at, bytes - at), "no header in a part");
        memcpy(text, message + at + head.comment + JPEGHEAD_COM,
               head.rest - head.comment - JPEGHEAD_COM);
        const char *own = strstr(text, " part=");
        CHECK(jpegcomment_parse(text, strlen(text), &read) && read.sequence == 30 && own, "%s",
              text);
        CHECK(sscanf(own, " part=%u/%u x=%u y=%u bytes=%u of=%ux%u", &part, &count, &words[0],
                     &words[1], &words[2], &words[3], &words[4]) == 7,
              "%s", own);
        CHECK(words[2] && words[2] <= bytes - at, "a part of %u bytes, %zu left", words[2],
              bytes - at);
        CHECK(words[3] == p->width && words[4] == p->height, "of %ux%u", words[3], words[4]);
        struct decoded got = jpeg_decode(message + at, words[2], false);
        CHECK(got.components == components && words[0] + got.width <= p->width &&
                  words[1] + got.height <= p->height,
              "a part outside of the picture");
        size_t row = (size_t)got.width * components;
        for (uint32_t y = 0; count && y < got.height; y++)
            memcpy(canvas + ((words[1] + y) * (size_t)p->width + words[0]) * components,
                   got.samples + y * row, row);
        free(got.samples);
        CHECK(part == (count ? drawn + 1 : 0), "part %u of %u after %u", part, count, drawn);
        drawn++;
    }
    CHECK(drawn == (count ? count : 1) && drawn <= TILEPARTS_MAX, "%u parts of %u", drawn, count);
    return count;
}

static bool test_viewer(const struct picture *p, const struct tileparts *parts,
                        const uint8_t *whole, unsigned components,
                        const struct tileparts_shown *shown)
{
    size_t bytes = 0, size = (size_t)p->width * p->height * components;
    bool sharp = p->tiles->flags & TILETABLE_SHARP;
    uint8_t *message = tileparts_make(parts, shown, LEAD, &bytes);
    if (!message) /* the whole is to be sent */
        return false;
    CHECK(shown->number >= 10, "parts for a viewer of an older encoder");
    CHECK(bytes < p->bytes, "%zu bytes of parts, the whole has %zu", bytes, p->bytes);
    uint8_t *canvas = malloc(size), *drawn = malloc(size);
    unsigned needed = 0;
    for (uint32_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) {
            size_t tile = y / p->tile_height * p->columns + x / p->tile_width;
            uint64_t changed = p->tiles->tiles[tile].changed;
            uint64_t since = sharp ? shown->sharp : shown->number;
            bool need = changed > since;
            needed += need;
            memset(canvas + (y * p->width + x) * components, need ? STALE : KEPT, components);
        }
    memcpy(drawn, canvas, size);
    unsigned count = draw(p, message + LEAD, bytes, drawn, components);
    CHECK(!count == !needed, "%u parts, %u pixels needed", count, needed);
    for (size_t i = 0; i < size; i++) {
        size_t x = i / components % p->width, y = i / components / p->width;
        uint64_t changed =
            p->tiles->tiles[y / p->tile_height * p->columns + x / p->tile_width].changed;
        bool protected = !sharp && changed <= shown->sharp;
        if (canvas[i] == STALE || (drawn[i] != KEPT && !protected))
            CHECK(drawn[i] == whole[i], "a stale sample at %zu,%zu", x, y);
        else
            CHECK(drawn[i] == KEPT, "a sharp tile is replaced at %zu,%zu", x, y);
    }
    free(drawn);
    free(canvas);
    free(message);
    return true;
}

/* Returns the number of messages with parts. */
static unsigned test_picture(void)
{
    struct picture p;
    struct tileparts parts;
    unsigned made = 0;
    make_picture(&p);
    CHECK(!tileparts_open(&parts, p.jpeg.data, p.bytes, p.tiles, p.table_bytes - 1, p.width,
                          p.height, 39),
          "a table that is cut off");
    CHECK(!tileparts_open(&parts, p.jpeg.data, p.bytes - 1, p.tiles, p.table_bytes, p.width,
                          p.height, 39),
          "a JPEG that is cut off");
    CHECK(
        tileparts_open(&parts, p.jpeg.data, p.bytes, p.tiles, p.table_bytes, p.width, p.height, 39),
        "a sound packet is refused");
    struct decoded whole = jpeg_decode(p.jpeg.data, p.bytes, false);
    for (int i = 0; i < 8; i++) {
        struct tileparts_shown shown = {below(5) ? random_number() : below(12), 0};
        if (below(2) && shown.number >= 10)
            shown.sharp = 10 + below(shown.number - 9);
        made += test_viewer(&p, &parts, whole.samples, whole.components, &shown);
    }
    free(whole.samples);
    fence_free(&p.jpeg);
    fence_free(&p.table);
    return made;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3, "SEED COUNT");
    random_state = strtoull(argv[1], NULL, 10);
    unsigned long count = strtoul(argv[2], NULL, 10), made = 0;
    for (unsigned long n = 0; n < count; n++)
        made += test_picture();
    CHECK(made > count, "only %lu messages with parts", made);
    return 0;
}
