/*
 * Images on a descriptor: y4m, PNM, PAM, raw or encoded. The same bytes are read twice, from a file
 * in one piece and from a pipe in pieces: images, end and message must be the same.
 * Input: format, width, height, flags, size of the pieces (16 bits), then the bytes to read.
 */
#include "fuzz.h"
#include "shmfmt.h"
#include "image/imgconvert.h"
#include "image/imgreader.h"
#include "pixfmt.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PICTURES = 64, ROOM = 1 << 20 };

struct story { /* the results for an input */
    struct imgreader_head heads[PICTURES];
    uint64_t sums[PICTURES];
    int count, end, err;
    char why[256];
};

static void read_all(struct imgreader *in, struct story *out)
{
    memset(out, 0, sizeof *out);
    while (out->count < PICTURES) {
        struct imgreader_head *head = &out->heads[out->count];
        out->end = imgreader_next(in, head);
        if (out->end != 1)
            break;
        CHECK(head->image.width >= 1 && head->image.width <= SHMFMT_SIDE_MAX);
        CHECK(head->image.height >= 1 && head->image.height <= SHMFMT_SIDE_MAX);
        CHECK(head->bytes ==
                  pixfmt_bytes(head->image.format, head->image.width, head->image.height) &&
              head->bytes);
        if (out->count % 2)
            imgreader_pad(in, ROOM, head);
        struct image image = imghead_image(head, NULL);
        struct pixfmt_planes planes;
        CHECK(pixfmt_known(&image) && pixfmt_plan_image(&image, &planes));
        CHECK(planes.bytes == head->bytes);
        uint8_t *data = head->bytes <= ROOM ? malloc(head->bytes) : NULL;
        out->end = imgreader_data(in, data);
        if (out->end == 0 && data)
            out->sums[out->count] = sum_of(data, head->bytes);
        free(data);
        if (out->end)
            break;
        out->count++;
    }
    out->err = out->end < 0 ? errno : 0;
    CHECK(out->end >= 0 || out->err == EILSEQ || out->err == ENODATA);
    snprintf(out->why, sizeof out->why, "%s", imgreader_why(in));
    CHECK(out->end >= 0 || out->why[0]);
}

static void read_file(const struct imgreader_spec *spec, const uint8_t *data, size_t bytes,
                      struct story *out)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("imgreader", MFD_CLOEXEC);
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, data, bytes, 0) == (ssize_t)bytes);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    struct imgreader *in = imgreader_open(fd, spec);
    CHECK(in);
    read_all(in, out);
    imgreader_close(in);
}

/* A pipe in packet mode returns at most the bytes of one write. 0: the pipe is too small. */
static int read_pipe(const struct imgreader_spec *spec, const uint8_t *data, size_t bytes,
                     size_t piece, struct story *out)
{
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK) == 0);
    CHECK(fcntl(ends[0], F_SETFL, O_RDONLY) == 0);
    struct imgreader *in = imgreader_open(ends[0], spec); /* makes it larger */
    CHECK(in);
    size_t at = 0;
    while (at < bytes) {
        size_t n = bytes - at < piece ? bytes - at : piece;
        if (write(ends[1], data + at, n) != (ssize_t)n)
            break;
        at += n;
    }
    close(ends[1]);
    if (at == bytes)
        read_all(in, out);
    imgreader_close(in);
    close(ends[0]);
    return at == bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct story whole, pieces;
    struct input in = {data, bytes};
    unsigned format = take(&in);
    struct imgreader_spec spec = {.format = format < 128 ? format % (PIXFMT_FORMATS + 1)
                                                         : IMGCONVERT_RAW_NV12 + format % 4,
                                  .width = take(&in),
                                  .height = take(&in)};
    unsigned flags = take(&in), piece = take16(&in);
    spec.flags = flags & (PIXFMT_BOTTOM_UP | PIXFMT_LIMITED);
    spec.raw = flags & 4;
    spec.matrix = flags & 1 ? PIXFMT_BT709 : PIXFMT_MATRIX_NONE;
    spec.alpha = flags & 2 ? PIXFMT_ALPHA_PREMULTIPLIED : PIXFMT_ALPHA_STRAIGHT;
    if (flags & 8)
        spec.stride = spec.width * 4 + (flags >> 4);
    if (!pixfmt_bytes(imgconvert_raw_target(spec.format), spec.width, spec.height)) {
        CHECK(!imgreader_open(0, &spec) && errno == EINVAL);
        return 0;
    }
    read_file(&spec, in.data, in.left, &whole);
    /* At most what imgreader reads ahead, and no more pieces than a pipe holds. */
    if (piece < 1 + in.left / 200)
        piece = (unsigned)(1 + in.left / 200);
    if (piece > 4000)
        piece = 4000;
    if (read_pipe(&spec, in.data, in.left, piece, &pieces))
        CHECK(!memcmp(&whole, &pieces, sizeof whole));
    return 0;
}
