/*
 * JPEGs on a descriptor. The same bytes are read twice, from a file in one piece and from a pipe in
 * pieces: JPEGs, damage, end and message must be the same. libjpeg finds the same size in each
 * JPEG, and its copy with a comment is a whole JPEG with that comment and all tables. Input: size
 * of the pieces (16 bits), then the bytes to read.
 */
#include "fuzz.h"
#include "image/imginput.h"
#include "image/jpegcomment.h"
#include "image/jpegreader.h"
#include "shmfmt.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <jpeglib.h>

enum { IMAGES = 64 };

struct story { /* the results for an input */
    struct {
        int got;
        size_t bytes;
        uint64_t sum;
        uint32_t width, height;
        char why[64];
    } images[IMAGES];
    int count, end, err;
    char why[256];
};

static jmp_buf failed;

static void on_error(j_common_ptr c)
{
    char text[JMSG_LENGTH_MAX];
    c->err->format_message(c, text);
    fprintf(stderr, "libjpeg: %s\n", text);
    longjmp(failed, 1);
}

static void on_message(j_common_ptr c)
{
    (void)c;
}

/* libjpeg reads the header up to the first scan. */
static void check_header(const struct jpegscan *scan, const uint8_t *jpeg, size_t bytes)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct c = {.err = jpeg_std_error(&errors)};
    errors.error_exit = on_error;
    errors.output_message = on_message;
    CHECK(!setjmp(failed));
    jpeg_create_decompress(&c);
    jpeg_mem_src(&c, jpeg, bytes);
    CHECK(jpeg_read_header(&c, TRUE) == JPEG_HEADER_OK);
    CHECK(c.image_width == scan->width && c.image_height == scan->height);
    CHECK(c.num_components == (int)scan->components && !c.arith_code);
    jpeg_destroy_decompress(&c);
}

static void check_copy(const struct jpegscan *scan, const uint8_t *jpeg)
{
    struct jpegcomment comment = {1, 2, 3, 4, 5, 6, 7, 8}, seen;
    struct jpegscan again = {0};
    char text[JPEGCOMMENT_MAX];
    size_t length = jpegcomment_text(text, &comment), bound = jpegscan_bound(scan, length);
    CHECK(!jpegscan_copy(scan, jpeg, text, length, NULL, bound - 1));
    uint8_t *out = malloc(bound);
    CHECK(out);
    size_t bytes = jpegscan_copy(scan, jpeg, text, length, out, bound);
    CHECK(bytes && bytes <= bound);
    CHECK(jpegscan_more(&again, out, bytes) == JPEGSCAN_WHOLE && again.at == bytes);
    CHECK(again.width == scan->width && again.height == scan->height && !again.no_huffman);
    CHECK(again.comment == again.insert && again.comment_bytes == length + 4);
    CHECK(jpegcomment_parse(out + again.comment + 4, length, &seen) && seen.published_ns == 5);
    check_header(scan, out, bytes);
    free(out);
}

static void read_all(int fd, struct story *out)
{
    static struct imginput input;
    input = (struct imginput){.fd = fd};
    struct jpegreader reader = {.input = &input};
    memset(out, 0, sizeof *out);
    while (out->count < IMAGES) {
        const uint8_t *jpeg;
        out->end = jpegreader_next(&reader, 1, &jpeg);
        if (out->end < 0 || out->end == JPEGREADER_END)
            break;
        out->images[out->count].got = out->end;
        if (out->end == JPEGREADER_DAMAGED) {
            CHECK(reader.scan.why);
            snprintf(out->images[out->count].why, sizeof out->images[0].why, "%s", reader.scan.why);
        } else {
            const struct jpegscan *scan = &reader.scan;
            CHECK(out->end == JPEGREADER_JPEG && jpegreader_bytes(&reader) == scan->at);
            CHECK(scan->width >= 1 && scan->width <= SHMFMT_SIDE_MAX);
            CHECK(scan->height >= 1 && scan->height <= SHMFMT_SIDE_MAX);
            CHECK(jpeg[0] == 0xff && jpeg[1] == 0xd8);
            CHECK(jpeg[scan->at - 2] == 0xff && jpeg[scan->at - 1] == 0xd9);
            out->images[out->count].bytes = scan->at;
            out->images[out->count].width = scan->width;
            out->images[out->count].height = scan->height;
            out->images[out->count].sum = sum_of(jpeg, scan->at);
            check_copy(scan, jpeg);
        }
        out->count++;
    }
    out->err = out->end < 0 ? errno : 0;
    CHECK(out->end >= 0 || out->err == ENODATA);
    snprintf(out->why, sizeof out->why, "%s", input.why);
    jpegreader_free(&reader);
}

/* The scanner alone, on memory of the exact size, dropping what it allows to drop. */
static void scan_and_drop(const uint8_t *data, size_t bytes)
{
    struct jpegscan whole = {0}, dropping = {0};
    size_t dropped = 0;
    enum jpegscan_state state = jpegscan_more(&whole, data, bytes);
    for (size_t have = 1; have <= bytes; have++) {
        uint8_t *part = malloc(have - dropped);
        CHECK(part);
        memcpy(part, data + dropped, have - dropped);
        enum jpegscan_state now = jpegscan_more(&dropping, part, have - dropped);
        free(part);
        if (now != JPEGSCAN_MORE) {
            CHECK(now == state && dropping.at + dropped == whole.at && dropping.why == whole.why);
            return;
        }
        dropped += jpegscan_drop(&dropping);
        CHECK(dropped <= have);
    }
    CHECK(state == JPEGSCAN_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct story whole, pieces;
    static int fd = -1;
    struct input in = {data, bytes};
    unsigned piece = take16(&in);
    if (fd < 0)
        fd = memfd_create("jpegreader", MFD_CLOEXEC);
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, in.data, in.left, 0) == (ssize_t)in.left);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    read_all(fd, &whole);

    /* A pipe in packet mode returns at most the bytes of one write. */
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC | O_DIRECT) == 0);
    size_t least = 1 + in.left / 16, at = 0; /* what a pipe of one page holds is not exceeded */
    if (piece < least)
        piece = (unsigned)least;
    if (piece > 4000)
        piece = 4000;
    for (size_t n; at < in.left; at += n) {
        n = in.left - at < piece ? in.left - at : piece;
        CHECK(write(ends[1], in.data + at, n) == (ssize_t)n);
    }
    close(ends[1]);
    read_all(ends[0], &pieces);
    close(ends[0]);
    CHECK(!memcmp(&whole, &pieces, sizeof whole));
    if (in.left > 1)
        scan_and_drop(in.data, in.left < 700 ? in.left : 700);
    return 0;
}
