/*
 * frame-gen: a test card that moves and carries its number so that a machine can read it back; or,
 * with --read, the machine.
 *
 * stdout: PPM pictures; raw ones of the format given by -f, YUV as YUV4MPEG2; with -o nothing, the
 * pictures are drawn straight into a stream. With -e draws the pointer of a stream's viewers.
 * --read: pictures on stdin, a line for each on stdout.
 * Follows shm-create --replace; ends quietly when one of its streams is removed.
 * Exit: 0, 2 usage, 3 failed; --read: 1 a picture without a number or no picture, 3 a torn one.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "evlog.h"
#include "monotonic.h"
#include "tool/streamwriter.h"
#include "tool/ratelimit.h"
#include "image/imgreader.h"
#include "stream.h"
#include "image/testcard.h"

static const char usage[] =
    "frame-gen [-s WxH] [-f FMT] [-r FPS] [-n COUNT] [--bottom-up] [-e NAME] [-o NAME]\n"
    "frame-gen --read [-s WxH] [-f FMT] [--bottom-up]\n";
static const char help[] =
    "  -s, --size WxH            image size in pixels (the stream's, else 1280x720)\n"
    "  -f, --format FMT          pixel format: gray8, rgb24, bgr24, rgba, bgra,\n"
    "                            yuv420p, yuv422p or yuv444p\n"
    "  -r, --rate FPS            images per second (30); 0 is as fast as possible\n"
    "  -n, --count COUNT         end after COUNT images\n"
    "      --bottom-up           write, or expect, the lowest row first\n"
    "  -e, --events NAME         draw the pointers of the viewers of stream NAME\n"
    "  -o, --output NAME         draw into stream NAME instead of standard output\n"
    "      --read                read images and print the number in each\n";

enum { HEAD_MAX = 256 };

struct options {
    uint32_t width, height, format, flags; /* 0: not given */
    double rate;
    uint64_t count; /* 0: no end */
    const char *events, *output;
};

struct watcher { /* of a stream's events */
    const char *name;
    struct stream *stream;
    uint64_t cursor, last;
    struct testcard_pointer pointer;
};

static void watch_event(struct watcher *w, const struct event *ev)
{
    w->last = ev->number;
    if (ev->type > EVENT_WHEEL) /* keys and sizes have no place */
        return;
    w->pointer.shown = ev->type != EVENT_POINTER_LEAVE;
    w->pointer.held = ev->buttons != 0;
    w->pointer.x = ev->x;
    w->pointer.y = ev->y;
}

/* Takes in all events there are. false: the stream was removed. */
static bool watch(struct watcher *w)
{
    struct event events[64];
    uint64_t lost;
    size_t n;
    while (w->stream) {
        while ((n = evlog_read(w->stream, &w->cursor, events, 64, &lost)) > 0)
            for (size_t i = 0; i < n; i++)
                watch_event(w, &events[i]);
        if (stream_alive(w->stream) == 0)
            return true;
        if (errno != ESTALE)
            return false;
        stream_close(w->stream);
        w->stream = stream_attach(w->name, STREAM_READ);
        w->cursor = 0;
        if (!w->stream && errno == ENOENT)
            return false;
        if (!w->stream)
            cli_die_stream(w->name, errno);
    }
    return true;
}

static struct testcard *card_of(const struct options *o, uint32_t width, uint32_t height,
                                uint32_t format)
{
    struct testcard *card =
        testcard_new(o->width ? o->width : width, o->height ? o->height : height,
                     o->format ? o->format : format, o->flags);
    if (!card && !pixfmt_is_picture(o->format ? o->format : format))
        cli_die(CLI_FAIL, "%s: %s", o->output, stream_problem(ENOMSG));
    if (!card)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return card;
}

/* Waits for the next picture's time, and takes in what was done until then. false: the end. */
static bool wait_turn(struct ratelimit *pace, struct watcher *events)
{
    uint64_t now = monotonic_ns(), due = ratelimit_next(pace, now);
    if (due > now && !cli_sleep_until(due))
        return false;
    return !cli_stopped() && watch(events);
}

static int to_stream(const struct options *o, struct watcher *events)
{
    struct streamwriter feed = {0};
    struct testcard *card = NULL;
    struct ratelimit pace = ratelimit_per_second(o->rate);
    unsigned opened = 0;
    int code = CLI_OK;
    if (streamwriter_open(&feed, o->output, RING_FRAMES))
        cli_die(CLI_FAIL, "%s: %s", o->output, streamwriter_problem(&feed, errno));
    for (uint64_t n = 1; (!o->count || n <= o->count) && wait_turn(&pace, events); n++) {
        void *slot = streamwriter_begin(&feed);
        if (!slot && errno == EAGAIN) {
            ring_drop(feed.ring);
            continue;
        }
        if (!slot) {
            if (errno != EIDRM) {
                cli_warn("%s: %s", o->output, streamwriter_problem(&feed, errno));
                code = CLI_FAIL;
            }
            break;
        }
        if (opened != feed.opened) { /* the first, or one of another size in its place */
            const struct shmfmt_header *h = stream_header(feed.stream);
            testcard_free(card);
            card = card_of(o, h->width, h->height, h->format);
            opened = feed.opened;
        }
        const struct pixfmt_planes *layout = testcard_planes(card);
        struct ring_meta meta = {.event = events->last,
                                 .bytes = layout->bytes,
                                 .width = layout->plane[0].width,
                                 .height = layout->plane[0].height,
                                 .format =
                                     o->format ? o->format : stream_header(feed.stream)->format,
                                 .flags = o->flags};
        if (layout->bytes > ring_capacity(feed.ring)) {
            ring_abort(feed.ring);
            cli_warn("%s: a %" PRIu32 "x%" PRIu32
                     " %s picture is too large for it; make it larger: "
                     "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f %s %s",
                     o->output, meta.width, meta.height, pixfmt_name(meta.format), meta.width,
                     meta.height, pixfmt_name(meta.format), o->output);
            code = CLI_FAIL;
            break;
        }
        testcard_draw(card, (uint32_t)n, &events->pointer, slot);
        ring_commit(feed.ring, &meta);
    }
    testcard_free(card);
    streamwriter_close(&feed);
    return code;
}

/* What stands before picture n on stdout; its length. */
static int head_text(char out[HEAD_MAX], const struct options *o,
                     const struct pixfmt_planes *layout, uint64_t n, uint64_t event)
{
    static const char *const colours[PIXFMT_FORMATS] = {
        [PIXFMT_YUV420P] = "420jpeg", [PIXFMT_YUV422P] = "422", [PIXFMT_YUV444P] = "444"};
    uint32_t width = layout->plane[0].width, height = layout->plane[0].height;
    int used = 0;
    if (!o->format)
        return snprintf(out, HEAD_MAX,
                        "P6\n# frame=%" PRIu64 " event=%" PRIu64 "\n%" PRIu32 " %" PRIu32 "\n255\n",
                        n, event, width, height);
    if (!pixfmt_is_yuv(o->format))
        return 0;
    if (n == 1)
        used = snprintf(
            out, HEAD_MAX,
            "YUV4MPEG2 W%" PRIu32 " H%" PRIu32 " F%u:1000 Ip A1:1 C%s XCOLORRANGE=FULL\n", width,
            height, o->rate > 0 ? (unsigned)(o->rate * 1000 + 0.5) : 30000, colours[o->format]);
    return used + snprintf(out + used, (size_t)(HEAD_MAX - used),
                           "FRAME XFRAME=%" PRIu64 " XEVENT=%" PRIu64 "\n", n, event);
}

/* Memory for at least so many bytes; what was in it is lost. */
static uint8_t *grow(uint8_t *data, size_t *room, size_t bytes)
{
    if (bytes <= *room)
        return data;
    free(data);
    data = malloc(bytes);
    if (!data)
        cli_die(CLI_FAIL, "a picture of %zu bytes: %s", bytes, strerror(errno));
    *room = bytes;
    return data;
}

static int to_stdout(const struct options *o, struct watcher *events)
{
    struct testcard *card = card_of(o, 1280, 720, PIXFMT_RGB24);
    const struct pixfmt_planes *layout = testcard_planes(card);
    struct ratelimit pace = ratelimit_per_second(o->rate);
    int code = CLI_OK;
    /* The head ends where the picture begins, so that both leave in one write. */
    size_t room = 0;
    uint8_t *buffer = grow(NULL, &room, HEAD_MAX + layout->bytes), *picture = buffer + HEAD_MAX;
    (void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
    for (uint64_t n = 1; (!o->count || n <= o->count) && wait_turn(&pace, events); n++) {
        char text[HEAD_MAX];
        size_t head = (size_t)head_text(text, o, layout, n, events->last);
        memcpy(picture - head, text, head);
        testcard_draw(card, (uint32_t)n, &events->pointer, picture);
        if (cli_write(STDOUT_FILENO, picture - head, head + layout->bytes)) {
            if (errno != EINTR)
                cli_warn("standard output: %s", strerror(errno));
            code = CLI_FAIL;
            break;
        }
    }
    free(buffer);
    testcard_free(card);
    return code;
}

static int generate(const struct options *o)
{
    struct watcher events = {.name = o->events};
    if (o->events) {
        events.stream = stream_attach(o->events, STREAM_READ);
        if (!events.stream)
            cli_die_stream(o->events, errno);
        events.cursor = evlog_head(events.stream);
    }
    int code = o->output ? to_stream(o, &events) : to_stdout(o, &events);
    stream_close(events.stream);
    return code;
}

/* Prints the line of one picture. Returns its exit code. */
static int print_numbers(const void *data, const struct imgreader_head *head, uint8_t *row)
{
    struct pixfmt_planes layout;
    uint32_t number[TESTCARD_CODES];
    pixfmt_plan(head->format, head->width, head->height, &layout); /* picin has checked */
    unsigned found = testcard_read(data, &layout, head->format, head->flags, row, number);
    if (!found) {
        puts("none");
        return CLI_NO;
    }
    if (found == (1u << TESTCARD_CODES) - 1 && number[0] == number[1] && number[1] == number[2]) {
        printf("%" PRIu32 "\n", number[0]);
        return CLI_OK;
    }
    fputs("torn", stdout);
    for (int i = 0; i < TESTCARD_CODES; i++)
        if (found >> i & 1)
            printf(" %" PRIu32, number[i]);
        else
            fputs(" -", stdout);
    putchar('\n');
    return CLI_FAIL;
}

static int read_numbers(const struct options *o)
{
    struct imgreader_spec spec = {.width = o->width ? o->width : 1280,
                                  .height = o->height ? o->height : 720,
                                  .format = o->format ? o->format : PIXFMT_RGB24,
                                  .flags = o->flags,
                                  .raw = o->width || o->format};
    struct imgreader *in = imgreader_open(STDIN_FILENO, &spec);
    if (!in) {
        cli_warn("%s", strerror(errno));
        return CLI_FAIL;
    }
    struct imgreader_head head;
    uint8_t *data = NULL, *row = NULL;
    size_t data_room = 0, row_room = 0;
    int got, code = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((got = imgreader_next(in, &head)) == 1) {
        data = grow(data, &data_room, head.bytes);
        row = grow(row, &row_room, (size_t)head.width * 3);
        got = imgreader_data(in, data);
        if (got)
            break;
        int one = print_numbers(data, &head, row);
        code = one > code ? one : code;
    }
    if (got < 0) {
        if (!cli_stopped())
            cli_warn("standard input: %s", imgreader_why(in));
        code = CLI_FAIL;
    } else if (code < 0) {
        cli_warn("standard input: no picture");
        code = CLI_NO;
    }
    free(data);
    free(row);
    imgreader_close(in);
    return code;
}

static const char *operand_stream(const char *text)
{
    const char *name = stream_name(text);
    if (!name)
        cli_die_stream(text, EINVAL);
    return name;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"size", 1, NULL, 's'},
                                          {"format", 1, NULL, 'f'},
                                          {"rate", 1, NULL, 'r'},
                                          {"count", 1, NULL, 'n'},
                                          {"events", 1, NULL, 'e'},
                                          {"output", 1, NULL, 'o'},
                                          {"bottom-up", 0, NULL, 'B'},
                                          {"read", 0, NULL, 'R'},
                                          {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},
                                          {0}};
    struct options o = {.rate = 30};
    bool read_back = false, making = false;
    int c;
    cli_init("frame-gen", usage, help);
    while ((c = getopt_long(argc, argv, "s:f:r:n:e:o:hV", longs, NULL)) != -1) {
        making = making || (c && strchr("rneo", c));
        switch (c) {
        case 's':
            cli_size("-s", optarg, &o.width, &o.height);
            break;
        case 'f':
            o.format = cli_format("-f", optarg);
            if (!pixfmt_is_picture(o.format))
                cli_die(CLI_USAGE, "-f %s: an array, not a picture", optarg);
            break;
        case 'r':
            o.rate = cli_real("-r", optarg, 0, 10000);
            break;
        case 'n':
            o.count = cli_number("-n", optarg, 1, UINT64_MAX);
            break;
        case 'e':
            o.events = operand_stream(optarg);
            break;
        case 'o':
            o.output = operand_stream(optarg);
            break;
        case 'B':
            o.flags = PIXFMT_BOTTOM_UP;
            break;
        case 'R':
            read_back = true;
            break;
        default:
            cli_option(c);
        }
    }
    if (optind < argc || (read_back && making)) {
        if (optind < argc)
            cli_warn("%s: unexpected; a stream is named by -o", argv[optind]);
        else
            cli_warn("--read takes none of -r, -n, -e and -o");
        cli_option('?');
    }
    cli_catch_stop();
    cli_finish(read_back ? read_numbers(&o) : generate(&o));
}
