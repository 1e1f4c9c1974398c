#include "image/imgreader.h"
#include "shmfmt.h"
#include "pixfmt.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { HEADER_MAX = 4096, LINE_MAX_BYTES = 512 };

enum kind { KIND_UNKNOWN, KIND_RAW, KIND_Y4M, KIND_PNM };

struct imgreader {
    int fd;
    enum kind kind;
    struct imgreader_spec spec;
    struct imgreader_head head; /* of the current image; mostly constant for raw and y4m */
    uint64_t frame;             /* number of the current image, from 1 */
    uint64_t taken;             /* bytes read from fd in all */
    size_t header_left;         /* bytes that the current header may still have */
    size_t at, end;             /* unread part of ahead */
    uint8_t ahead[4096];        /* bytes read after the last image */
    uint8_t waste[65536];
    char why[256];
};

static const char y4m_magic[] = "YUV4MPEG2 ";

static int fail(struct imgreader *in, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct imgreader *in, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(in->why, sizeof in->why, format, args);
    va_end(args);
    errno = err;
    return -1;
}

/* Offset in the input of the next byte. */
static uint64_t here(const struct imgreader *in)
{
    return in->taken - (in->end - in->at);
}

/* Reads at least one byte: first into data, the rest after the bytes in ahead. Returns the number
 * of bytes, 0 at the end, or -1. */
static ssize_t take(struct imgreader *in, void *data, size_t bytes)
{
    struct iovec to[2] = {{data, bytes}, {in->ahead + in->end, sizeof in->ahead - in->end}};
    for (;;) {
        ssize_t n = readv(in->fd, to, 2);
        if (n >= 0) {
            in->taken += (uint64_t)n;
            if ((size_t)n > bytes)
                in->end += (size_t)n - bytes;
            return n;
        }
        /* Another process may have made the shared standard input non-blocking. */
        struct pollfd ready = {in->fd, POLLIN, 0};
        if (errno != EAGAIN || poll(&ready, 1, -1) < 0)
            return fail(in, errno, "%s", strerror(errno));
    }
}

/* Reads more into ahead. */
static ssize_t take_ahead(struct imgreader *in)
{
    memmove(in->ahead, in->ahead + in->at, in->end - in->at);
    in->end -= in->at;
    in->at = 0;
    return take(in, NULL, 0);
}

/* Detects the input by the bytes in ahead; KIND_UNKNOWN: more are required. */
static enum kind kind_of(const struct imgreader *in, bool ended)
{
    const uint8_t *p = in->ahead + in->at;
    size_t have = in->end - in->at, magic = sizeof y4m_magic - 1;
    if (have >= magic && !memcmp(p, y4m_magic, magic))
        return KIND_Y4M;
    if (have < magic && !memcmp(p, y4m_magic, have) && !ended)
        return KIND_UNKNOWN;
    if (in->spec.raw || p[0] != 'P' || (have > 1 && (p[1] < '1' || p[1] > '7')))
        return KIND_RAW;
    if (have < 3)
        return ended ? KIND_RAW : KIND_UNKNOWN;
    return strchr(" \t\r\n#", p[2]) && p[2] ? KIND_PNM : KIND_RAW;
}

/* The next byte of a header, or -1. */
static int header_byte(struct imgreader *in)
{
    if (in->header_left == 0)
        return fail(in, EILSEQ, "byte %" PRIu64 ": the header of frame %" PRIu64 " has no end",
                    here(in), in->frame);
    if (in->at == in->end) {
        ssize_t n = take_ahead(in);
        if (n < 0)
            return -1;
        if (n == 0)
            return fail(in, ENODATA,
                        "cut off: ends after %" PRIu64 " bytes, in the header of frame %" PRIu64,
                        in->taken, in->frame);
    }
    in->header_left--;
    return in->ahead[in->at++];
}

/* The rest of a header line, without its newline, NUL-terminated. Its length, or -1. */
static int header_line(struct imgreader *in, char line[LINE_MAX_BYTES])
{
    uint64_t begin = here(in);
    for (int n = 0;;) {
        int c = header_byte(in);
        if (c < 0)
            return -1;
        line[n] = (char)c;
        if (c == '\n') {
            line[n] = 0;
            return n;
        }
        if (c == 0 || ++n == LINE_MAX_BYTES)
            return fail(in, EILSEQ, "byte %" PRIu64 ": not a header line", begin);
    }
}

static bool whole_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    *out = n;
    return *text >= '0' && *text <= '9' && *end == 0 && errno == 0 && n <= max;
}

/* A width or height. */
static int side(struct imgreader *in, const char *what, const char *text, uint32_t *out)
{
    uint64_t n;
    if (!whole_number(text, SHMFMT_SIDE_MAX, &n) || n == 0)
        return fail(in, EILSEQ,
                    "byte %" PRIu64 ": %s %.20s of frame %" PRIu64 " must be from 1 to %d",
                    here(in), what, text, in->frame, SHMFMT_SIDE_MAX);
    *out = (uint32_t)n;
    return 0;
}

/* Sets the event number from a word such as "event=7" in a comment. */
static void note_event(struct imgreader *in, const char *comment, const char *key)
{
    size_t bytes = strlen(key);
    for (const char *p = comment; (p = strstr(p, key)); p += bytes) {
        size_t digits = strspn(p + bytes, "0123456789");
        if (digits && (p == comment || strchr(" \t", p[-1])) &&
            strchr(" \t\r", p[bytes + digits])) {
            errno = 0;
            uint64_t n = strtoull(p + bytes, NULL, 10);
            in->head.event = errno ? 0 : n;
        }
    }
}

/* Sets the size in bytes from size and format. */
static int settle(struct imgreader *in)
{
    in->head.bytes = pixfmt_bytes(in->head.format, in->head.width, in->head.height);
    if (!in->head.bytes)
        return fail(in, EILSEQ, "byte %" PRIu64 ": frame %" PRIu64 " has no size", here(in),
                    in->frame);
    return 0;
}

static int y4m_colours(struct imgreader *in, const char *name)
{
    static const struct {
        const char *name;
        uint32_t format;
    } known[] = {{"420jpeg", PIXFMT_YUV420P},  {"420mpeg2", PIXFMT_YUV420P},
                 {"420paldv", PIXFMT_YUV420P}, {"420", PIXFMT_YUV420P},
                 {"422", PIXFMT_YUV422P},      {"444", PIXFMT_YUV444P},
                 {"mono", PIXFMT_GRAY8}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(name, known[i].name)) {
            in->head.format = known[i].format;
            return 0;
        }
    bool deep = (!strncmp(name, "42", 2) || !strncmp(name, "44", 2)) && name[3] == 'p' &&
                name[4] >= '1' && name[4] <= '9';
    deep = deep || (!strncmp(name, "mono", 4) && name[4]);
    return fail(in, EILSEQ,
                deep ? "y4m colours C%.20s have more than 8 bits: convert them, as with ffmpeg "
                       "-pix_fmt yuv420p"
                     : "y4m colours C%.20s: must be C420, C422, C444 or Cmono, as with ffmpeg "
                       "-pix_fmt yuv420p",
                name);
}

static int y4m_open(struct imgreader *in)
{
    char line[LINE_MAX_BYTES], *rest;
    bool full = false, limited = false;
    in->header_left = HEADER_MAX;
    in->head.format = PIXFMT_YUV420P;
    in->at += sizeof y4m_magic - 1;
    if (header_line(in, line) < 0)
        return -1;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int bad = 0;
        if (*word == 'W')
            bad = side(in, "width", word + 1, &in->head.width);
        else if (*word == 'H')
            bad = side(in, "height", word + 1, &in->head.height);
        else if (*word == 'C')
            bad = y4m_colours(in, word + 1);
        else if (!strcmp(word, "XCOLORRANGE=FULL"))
            full = true;
        else if (!strcmp(word, "XCOLORRANGE=LIMITED"))
            limited = true;
        if (bad)
            return -1;
    }
    /* Gray is full-range unless specified, as in ffmpeg. */
    if (limited || (!full && pixfmt_is_yuv(in->head.format)))
        in->head.flags |= PIXFMT_LIMITED;
    return settle(in);
}

static int y4m_next(struct imgreader *in)
{
    char line[LINE_MAX_BYTES];
    uint64_t begin = here(in);
    for (const char *p = "FRAME"; *p; p++) {
        int c = header_byte(in);
        if (c < 0)
            return -1;
        if (c != *p)
            return fail(in, EILSEQ,
                        "byte %" PRIu64 ": no FRAME where frame %" PRIu64 " should begin", begin,
                        in->frame);
    }
    if (header_line(in, line) < 0)
        return -1;
    if (*line && *line != ' ')
        return fail(in, EILSEQ, "byte %" PRIu64 ": no FRAME where frame %" PRIu64 " should begin",
                    begin, in->frame);
    note_event(in, line, "XEVENT=");
    return 1;
}

/* The next word of a P5 or P6 header, and the byte after it. */
static int pnm_word(struct imgreader *in, char word[24])
{
    char comment[LINE_MAX_BYTES];
    for (int n = 0;;) {
        int c = header_byte(in);
        if (c < 0)
            return -1;
        if (c == '#') {
            if (header_line(in, comment) < 0)
                return -1;
            note_event(in, comment, "event=");
            c = '\n';
        }
        if (c && strchr(" \t\r\n\v\f", c)) {
            word[n] = 0;
            if (n)
                return 0;
        } else if (c < '0' || c > '9' || n == 23) {
            return fail(in, EILSEQ,
                        "byte %" PRIu64 ": the header of PNM frame %" PRIu64 " is malformed",
                        here(in) - 1, in->frame);
        } else {
            word[n++] = (char)c;
        }
    }
}

static int pnm_depth(struct imgreader *in, const char *maxval)
{
    uint64_t n;
    if (whole_number(maxval, UINT64_MAX, &n) && n == 255)
        return 0;
    return fail(in, EILSEQ,
                "byte %" PRIu64 ": PNM frame %" PRIu64
                " has maxval %.20s: must be 255, as from pamdepth 255",
                here(in), in->frame, maxval);
}

static int pnm_plain(struct imgreader *in, uint32_t format)
{
    char word[24];
    in->head.format = format;
    if (pnm_word(in, word) || side(in, "width", word, &in->head.width) || pnm_word(in, word) ||
        side(in, "height", word, &in->head.height) || pnm_word(in, word) || pnm_depth(in, word))
        return -1;
    return settle(in) ? -1 : 1;
}

/* P7: a line per field, up to ENDHDR. */
static int pnm_pam(struct imgreader *in)
{
    static const struct {
        const char *depth, *type;
        uint32_t format;
    } known[] = {{"1", "GRAYSCALE", PIXFMT_GRAY8},
                 {"3", "RGB", PIXFMT_RGB24},
                 {"4", "RGB_ALPHA", PIXFMT_RGBA}};
    char line[LINE_MAX_BYTES], depth[24] = "", type[24] = "", maxval[24] = "";
    in->head.width = in->head.height = 0;
    for (;;) {
        if (header_line(in, line) < 0)
            return -1;
        char *rest, *key = strtok_r(line, " \t\r", &rest);
        if (!key)
            continue;
        if (*key == '#') {
            note_event(in, key + 1, "event=");
            note_event(in, rest, "event=");
            continue;
        }
        if (!strcmp(key, "ENDHDR"))
            break;
        char *value = strtok_r(NULL, " \t\r", &rest);
        if (!value)
            value = key + strlen(key);
        if (!strcmp(key, "WIDTH") && side(in, "width", value, &in->head.width))
            return -1;
        else if (!strcmp(key, "HEIGHT") && side(in, "height", value, &in->head.height))
            return -1;
        else if (!strcmp(key, "DEPTH"))
            snprintf(depth, sizeof depth, "%s", value);
        else if (!strcmp(key, "MAXVAL"))
            snprintf(maxval, sizeof maxval, "%s", value);
        else if (!strcmp(key, "TUPLTYPE"))
            snprintf(type, sizeof type, "%s", value);
    }
    if (pnm_depth(in, maxval))
        return -1;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(depth, known[i].depth) && (!*type || !strcmp(type, known[i].type))) {
            in->head.format = known[i].format;
            return settle(in) ? -1 : 1;
        }
    return fail(in, EILSEQ,
                "byte %" PRIu64 ": PAM frame %" PRIu64
                " has depth %s, type %s: must be 1 GRAYSCALE, 3 RGB or 4 RGB_ALPHA",
                here(in), in->frame, *depth ? depth : "?", *type ? type : "?");
}

static int pnm_next(struct imgreader *in)
{
    uint64_t begin = here(in);
    int p = header_byte(in);
    int type = p == 'P' ? header_byte(in) : p;
    if (p < 0 || type < 0)
        return -1;
    if (p != 'P' || type < '1' || type > '7')
        return fail(in, EILSEQ,
                    "byte %" PRIu64 ": no PNM image where frame %" PRIu64 " should begin", begin,
                    in->frame);
    if (type == '5' || type == '6')
        return pnm_plain(in, type == '5' ? PIXFMT_GRAY8 : PIXFMT_RGB24);
    if (type == '7')
        return pnm_pam(in);
    return fail(in, EILSEQ,
                "byte %" PRIu64 ": P%c is %s: must be binary gray or colour, P5, P6 or P7%s", begin,
                type, type == '4' ? "a bitmap" : "PNM as text",
                type == '4' ? ", as from pamdepth 255" : ", as from pnmtopnm");
}

/* A larger pipe needs fewer reads: 64 KiB pipes have a third of the throughput of 1 MiB pipes. */
static void widen_pipe(int fd)
{
    int most = 1 << 20;
    FILE *f = fopen("/proc/sys/fs/pipe-max-size", "re");
    if (f) {
        if (fscanf(f, "%d", &most) != 1 || most < 1 << 16)
            most = 1 << 20;
        fclose(f);
    }
    if (fcntl(fd, F_GETPIPE_SZ) < most)
        (void)fcntl(fd, F_SETPIPE_SZ, most);
}

struct imgreader *imgreader_open(int fd, const struct imgreader_spec *spec)
{
    size_t bytes = pixfmt_bytes(spec->format, spec->width, spec->height);
    if (!bytes) {
        errno = EINVAL;
        return NULL;
    }
    struct imgreader *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->fd = fd;
    in->spec = *spec;
    widen_pipe(fd);
    return in;
}

void imgreader_close(struct imgreader *in)
{
    free(in);
}

static int sniff(struct imgreader *in)
{
    in->kind = kind_of(in, false);
    while (in->kind == KIND_UNKNOWN) {
        ssize_t n = take_ahead(in);
        if (n < 0)
            return -1;
        in->kind = kind_of(in, n == 0);
    }
    in->head.flags = in->spec.flags & PIXFMT_BOTTOM_UP;
    if (in->kind == KIND_Y4M)
        return y4m_open(in);
    if (in->kind == KIND_RAW) {
        if (pixfmt_is_yuv(in->spec.format))
            in->head.flags |= in->spec.flags & PIXFMT_LIMITED;
        in->head.width = in->spec.width;
        in->head.height = in->spec.height;
        in->head.format = in->spec.format;
        return settle(in);
    }
    return 0;
}

/* Waits for the first byte of the next image. 1; 0 at the end; -1. */
static int await(struct imgreader *in)
{
    if (in->at < in->end)
        return 1;
    ssize_t n = take_ahead(in);
    return n > 0 ? 1 : (int)n;
}

int imgreader_next(struct imgreader *in, struct imgreader_head *head)
{
    int got = 1;
    in->frame++;
    in->head.event = 0;
    int more = await(in);
    if (more == 1 && in->kind == KIND_UNKNOWN)
        more = sniff(in) ? -1 : await(in); /* a y4m header may have no frame after it */
    if (more != 1)
        return more;
    in->header_left = HEADER_MAX;
    if (in->kind == KIND_Y4M)
        got = y4m_next(in);
    else if (in->kind == KIND_PNM)
        got = pnm_next(in);
    if (got == 1)
        *head = in->head;
    return got;
}

int imgreader_data(struct imgreader *in, void *data)
{
    size_t got = 0, bytes = in->head.bytes;
    while (got < bytes) {
        size_t want = bytes - got, have = in->end - in->at;
        if (have) {
            size_t n = have < want ? have : want;
            if (data)
                memcpy((uint8_t *)data + got, in->ahead + in->at, n);
            in->at += n;
            got += n;
            continue;
        }
        in->at = in->end = 0;
        if (!data && want > sizeof in->waste)
            want = sizeof in->waste;
        ssize_t n = take(in, data ? (uint8_t *)data + got : in->waste, want);
        if (n < 0)
            return -1;
        if (n == 0)
            return fail(in, ENODATA, "cut off: got %zu of %zu bytes of frame %" PRIu64, got, bytes,
                        in->frame);
        got += (size_t)n < want ? (size_t)n : want;
    }
    return 0;
}

const char *imgreader_why(const struct imgreader *in)
{
    return in->why;
}
