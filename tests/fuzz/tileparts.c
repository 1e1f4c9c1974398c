/*
 * Parts of tiled JPEGs: any JPEG and any table, and a table that fits the bytes. Nothing outside of
 * either is read; the parts are whole JPEGs of the bytes that their comments say, within the
 * picture, and together smaller than the JPEG. Input: width, height, numbers of the packet, of the
 * last one shown and of the last sharp one, size of the table (16 bits each); a byte: 0: the table
 * is any bytes, else the size of its tiles; the table; the JPEG.
 */
#include "fuzz.h"
#include "image/tileparts.h"

enum { LEAD = 16, TILES_MAX = 64 };

/* A table that covers the picture and all bytes after the header; each tile's changed number and
 * size are those of the input as far as possible. */
static size_t make_table(struct tiletable *out, struct input *in, size_t room, const uint8_t *jpeg,
                         size_t bytes, uint32_t width, uint32_t height, unsigned side)
{
    struct jpeghead head;
    uint32_t columns = (width - 1) / side + 1, rows = (height - 1) / side + 1, i = 0;
    size_t size = tiletable_bytes((size_t)columns * rows);
    if (!width || !height || columns > TILES_MAX / rows || size > room ||
        !jpeghead_find(&head, jpeg, bytes))
        return 0;
    *out = (struct tiletable){TILETABLE_MAGIC, take(in) & 1, side,         side,
                              columns,         rows,         1 + take(in), 0};
    for (uint32_t at = (uint32_t)head.bytes; i < columns * rows; i++) {
        uint32_t left = (uint32_t)bytes - at, more = 2 * (columns * rows - i);
        if (left < more)
            return 0;
        uint32_t tile = i + 1 == columns * rows ? left - 2 : take(in) % (left - more + 1);
        out->tiles[i] = (struct tiletable_tile){out->first + take(in), at, tile};
        at += tile + 2;
    }
    return size;
}

static void check_message(const uint8_t *message, size_t bytes, uint32_t width, uint32_t height)
{
    unsigned jpegs = 0, part, count = 0, x, y, of_width, of_height;
    for (size_t at = 0, size; at < bytes; at += size) {
        char text[600] = "";
        struct jpeghead head;
        CHECK(jpeghead_find(&head, message + at, bytes - at));
        size_t length = head.rest - head.comment - JPEGHEAD_COM;
        CHECK(head.rest > head.comment && length < sizeof text);
        for (size_t i = 0; i < length; i++) /* the packet's comment may be any bytes */
            text[i] = message[at + head.comment + JPEGHEAD_COM + i]
                          ? (char)message[at + head.comment + JPEGHEAD_COM + i]
                          : ' ';
        const char *own = NULL;
        for (const char *p = text; (p = strstr(p, " part=")); p++)
            own = p;
        CHECK(own && sscanf(own, " part=%u/%u x=%u y=%u bytes=%zu of=%ux%u", &part, &count, &x, &y,
                            &size, &of_width, &of_height) == 7);
        CHECK(size > head.bytes && size <= bytes - at && x < width && y < height);
        CHECK(of_width == width && of_height == height && part == (count ? jpegs + 1 : 0));
        CHECK(message[at + size - 2] == 0xff && message[at + size - 1] == 0xd9);
        jpegs++;
    }
    CHECK(jpegs == (count ? count : 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input in = {data, bytes};
    uint32_t width = take16(&in), height = take16(&in), number = take16(&in);
    struct tileparts_shown shown = {take16(&in), take16(&in)};
    size_t table_bytes = take16(&in), size;
    unsigned side = take(&in);
    struct input table_in = {take_bytes(&in, &table_bytes), table_bytes};
    uint8_t *jpeg = malloc(in.left + !in.left);
    struct tiletable *table = malloc(table_bytes + tiletable_bytes(TILES_MAX));
    CHECK(jpeg && table);
    memcpy(jpeg, in.data, in.left);
    if (side)
        table_bytes = make_table(table, &table_in, tiletable_bytes(TILES_MAX), jpeg, in.left, width,
                                 height, side);
    else
        memcpy(table, table_in.data, table_bytes);
    table = realloc(table, table_bytes + !table_bytes); /* nothing after it */
    CHECK(table);
    struct tileparts parts;
    if (tileparts_open(&parts, jpeg, in.left, table, table_bytes, width, height, number)) {
        CHECK(parts.changed <= number);
        uint8_t *message = tileparts_make(&parts, &shown, LEAD, &size);
        if (message) {
            CHECK(size < in.left && shown.number >= table->first);
            check_message(message + LEAD, size, width, height);
        }
        free(message);
    }
    free(table);
    free(jpeg);
    return 0;
}
