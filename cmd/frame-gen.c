/*
 * frame-gen: generates a moving test card that carries its number in machine-readable form; with
 * --read, reads such numbers back.
 *
 * stdout: PPM; with -f raw frames of that format, YUV as YUV4MPEG2; with -o nothing, as the frames
 * are drawn straight into a stream. With -e draws the pointer of a stream's viewers.
 * --read: images on stdin, a line for each on stdout.
 * Follows shm-create --replace; ends when one of its streams is removed.
 * Exit: 0; 2 usage; 3 failed; --read: 1 an image without a number, or no image, 3 a torn one.
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
#include "tool/scratch.h"
#include "tool/streamreader.h"
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

/* The events of a stream, and what they have done to the pointer. */
struct watcher {
    struct streamreader in; /* closed without -e */
    uint64_t last;          /* number of the last event */
    struct testcard_pointer pointer;
};

static void watch_event(struct watcher *w, const struct event *ev)
{
    w->last = ev->number;
    if (ev->type > EVENT_WHEEL) /* other events have no position */
        return;
    w->pointer.shown = ev->type != EVENT_POINTER_LEAVE;
    w->pointer.held = ev->buttons != 0;
    w->pointer.x = ev->x;
    w->pointer.y = ev->y;
}

/* Reads all pending events. false: the stream was removed. */
static bool watch(struct watcher *w)
{
    struct event events[64];
    uint64_t lost;
    size_t n;
    while (w->in.stream) {
        while ((n = evlog_read(w->in.stream, &w->in.cursor, events, 64, &lost)) > 0)
            for (size_t i = 0; i < n; i++)
                watch_event(w, &events[i]);
        int check = streamreader_check(&w->in);
        if (check == 0)
            return true;
        if (check < 0 && errno == EIDRM)
            return false;
        if (check < 0)
            cli_die_stream(w->in.name, errno);
    }
    return true;
}

static struct testcard *card_of(const struct options *o, uint32_t width, uint32_t height,
                                uint32_t format)
{
    struct testcard *card =
        testcard_new(o->width ? o->width : width, o->height ? o->height : height,
                     o->format ? o->format : format, o->flags);
    if (!card && !pixfmt_is_image(o->format ? o->format : format))
        cli_die(CLI_FAIL, "%s: %s", o->output, stream_problem(ENOMSG));
    if (!card)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    return card;
}

/* Waits until the next frame is due, then reads the pending events. false: time to end. */
static bool wait_frame(struct ratelimit *rate, struct watcher *events)
{
    uint64_t now = monotonic_ns(), due = ratelimit_next(rate, now);
    if (due > now && !cli_sleep_until(due))
        return false;
    return !cli_stopped() && watch(events);
}

static int to_stream(const struct options *o, struct watcher *events)
{
    struct streamwriter out = {0};
    struct testcard *card = NULL;
    struct ratelimit rate = ratelimit_per_second(o->rate);
    unsigned opened = 0;
    int code = CLI_OK;
    if (streamwriter_open(&out, o->output, RING_FRAMES))
        cli_die(CLI_FAIL, "%s: %s", o->output, streamwriter_problem(&out, errno));
    for (uint64_t n = 1; (!o->count || n <= o->count) && wait_frame(&rate, events); n++) {
        void *slot = streamwriter_begin(&out);
        if (!slot && errno == EAGAIN) {
            ring_drop(out.ring);
            continue;
        }
        if (!slot) {
            if (errno != EIDRM) {
                cli_warn("%s: %s", o->output, streamwriter_problem(&out, errno));
                code = CLI_FAIL;
            }
            break;
        }
        if (opened != out.opened) { /* the first stream, or its successor */
            const struct shmfmt_header *h = stream_header(out.stream);
            testcard_free(card);
            card = card_of(o, h->width, h->height, h->format);
            opened = out.opened;
        }
        const struct pixfmt_planes *planes = testcard_planes(card);
        struct ring_meta meta = {.event = events->last,
                                 .bytes = planes->bytes,
                                 .width = planes->plane[0].width,
                                 .height = planes->plane[0].height,
                                 .format =
                                     o->format ? o->format : stream_header(out.stream)->format,
                                 .flags = o->flags};
        if (planes->bytes > ring_capacity(out.ring)) {
            ring_abort(out.ring);
            cli_warn("%s: too small for a %" PRIu32 "x%" PRIu32 " %s frame; make it larger: "
                     "shm-create --replace -s %" PRIu32 "x%" PRIu32 " -f %s %s",
                     o->output, meta.width, meta.height, pixfmt_name(meta.format), meta.width,
                     meta.height, pixfmt_name(meta.format), o->output);
            code = CLI_FAIL;
            break;
        }
        testcard_draw(card, (uint32_t)n, &events->pointer, slot);
        ring_commit(out.ring, &meta);
    }
    testcard_free(card);
    streamwriter_close(&out);
    return code;
}

/* The header before frame n on stdout. Returns its length. */
static int head_text(char out[HEAD_MAX], const struct options *o,
                     const struct pixfmt_planes *planes, uint64_t n, uint64_t event)
{
    static const char *const colours[PIXFMT_FORMATS] = {
        [PIXFMT_YUV420P] = "420jpeg", [PIXFMT_YUV422P] = "422", [PIXFMT_YUV444P] = "444"};
    uint32_t width = planes->plane[0].width, height = planes->plane[0].height;
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

static void *need(struct scratch *scratch, size_t bytes)
{
    void *room = scratch_get(scratch, bytes);
    if (!room)
        cli_die(CLI_FAIL, "an image of %zu bytes: %s", bytes, strerror(errno));
    return room;
}

static int to_stdout(const struct options *o, struct watcher *events)
{
    struct testcard *card = card_of(o, 1280, 720, PIXFMT_RGB24);
    const struct pixfmt_planes *planes = testcard_planes(card);
    struct ratelimit rate = ratelimit_per_second(o->rate);
    int code = CLI_OK;
    /* The header ends where the frame begins, so that one write takes both. */
    struct scratch buffer = {0};
    uint8_t *frame = (uint8_t *)need(&buffer, HEAD_MAX + planes->bytes) + HEAD_MAX;
    (void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20);
    for (uint64_t n = 1; (!o->count || n <= o->count) && wait_frame(&rate, events); n++) {
        char text[HEAD_MAX];
        size_t head = (size_t)head_text(text, o, planes, n, events->last);
        memcpy(frame - head, text, head);
        testcard_draw(card, (uint32_t)n, &events->pointer, frame);
        if (cli_write(STDOUT_FILENO, frame - head, head + planes->bytes)) {
            if (errno != EINTR)
                cli_warn("standard output: %s", strerror(errno));
            code = CLI_FAIL;
            break;
        }
    }
    free(buffer.data);
    testcard_free(card);
    return code;
}

static int generate(const struct options *o)
{
    struct watcher events = {0};
    if (o->events) {
        if (streamreader_open(&events.in, o->events, STREAMREADER_EVENTS))
            cli_die_stream(o->events, errno);
        events.in.cursor = evlog_head(events.in.stream);
    }
    int code = o->output ? to_stream(o, &events) : to_stdout(o, &events);
    streamreader_close(&events.in);
    return code;
}

/* Prints the line of one image. Returns its exit code. */
static int print_numbers(const struct image *image, uint8_t *row)
{
    struct pixfmt_planes planes;
    uint32_t number[TESTCARD_CODES];
    pixfmt_plan(image->format, image->width, image->height, &planes); /* imgreader has checked */
    unsigned found = testcard_read(image, &planes, row, number);
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
    struct scratch data = {0}, row = {0};
    int got, code = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((got = imgreader_next(in, &head)) == 1) {
        struct image image = imghead_image(&head, need(&data, head.bytes));
        got = imgreader_data(in, data.data);
        if (got)
            break;
        int one = print_numbers(&image, need(&row, (size_t)image.width * 3));
        code = one > code ? one : code;
    }
    if (got < 0) {
        if (!cli_stopped())
            cli_warn("standard input: %s", imgreader_why(in));
        code = CLI_FAIL;
    } else if (code < 0) {
        cli_warn("standard input: no image");
        code = CLI_NO;
    }
    free(data.data);
    free(row.data);
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
            if (!pixfmt_is_image(o.format))
                cli_die(CLI_USAGE, "-f %s: an array, not an image format", optarg);
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
            cli_warn("%s: unexpected operand; use -o to write to a stream", argv[optind]);
        else
            cli_warn("--read does not work with -r, -n, -e or -o");
        cli_option('?');
    }
    cli_catch_stop();
    cli_finish(read_back ? read_numbers(&o) : generate(&o));
}
