/*
 * shm-write: reads images from stdin into a stream: frames directly into its slots, JPEGs into its
 * packets.
 *
 * stdin: raw frames, YUV4MPEG2, concatenated PNM/PAM, concatenated or multipart JPEGs. Nothing on
 * stdout.
 * Follows shm-create --replace; ends when the stream is removed, or at the end of stdin.
 * An image that finds no free slot, or is too large for one, is read and dropped, and so is a
 * damaged JPEG.
 * Exit: 0; 2 usage; 3 no such stream, written by another process, malformed or truncated input,
 * images too large.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "monotonic.h"
#include "pixfmt.h"
#include "stream.h"
#include "tool/cli.h"
#include "writer.h"

static const char usage[] = "shm-write [-s WxH] [-f FMT] [--stride BYTES] [--aspect W:H] "
                            "[--matrix bt601|bt709|bt2020] "
                            "[--alpha straight|premultiplied|ignored] [-r FPS] [--bottom-up] "
                            "[--full-range] [-u] [-v] NAME\n";
static const char help[] =
    "  -s, --size WxH            size of raw frames (the stream's)\n"
    "  -f, --format FMT          pixel format of raw frames (the stream's)\n"
    "      --stride BYTES        bytes per row of raw frames, with padding\n"
    "      --aspect W:H          width and height of a pixel of raw frames (1:1)\n"
    "      --matrix NAME         matrix of YUV: bt601 (the default), bt709 or bt2020\n"
    "      --alpha KIND          alpha of raw frames: straight (the default),\n"
    "                            premultiplied or ignored\n"
    "  -r, --rate FPS            publish at most FPS images per second\n"
    "      --bottom-up           the first row of each frame is the lowest\n"
    "      --full-range          raw YUV spans 0 to 255 instead of 16 to 235\n"
    "  -u, --unchanged           drop images that equal the last one published\n"
    "  -v, --verbose             report rates and drops on standard error\n";

static void write_all(struct writer *w)
{
    struct imgreader_head head;
    w->now.at_ns = monotonic_ns();
    w->begun = w->second = w->now;
    int got = imgreader_next(w->in, &head);
    if (got == IMGREADER_JPEG)
        write_jpegs(w);
    else if (!cli_stopped())
        write_frames(w, &head, got);
    writer_sum(w);
}

static void set_aspect(struct imgreader_spec *spec, const char *text)
{
    if (!imghead_ratio(text, &spec->aspect_num, &spec->aspect_den) ||
        !pixfmt_aspect_known(spec->aspect_num, spec->aspect_den))
        cli_die(CLI_USAGE, "--aspect %s: must be W:H, each from 1 to %d", text, PIXFMT_ASPECT_MAX);
}

static uint8_t find(const char *option, const char *name, int find_value(const char *),
                    const char *names)
{
    int value = find_value(name);
    if (value < 0)
        cli_die(CLI_USAGE, "%s %s: must be one of %s", option, name, names);
    return (uint8_t)value;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"size", 1, NULL, 's'},       {"format", 1, NULL, 'f'},
                                          {"stride", 1, NULL, 'S'},     {"aspect", 1, NULL, 'A'},
                                          {"matrix", 1, NULL, 'M'},     {"alpha", 1, NULL, 'P'},
                                          {"rate", 1, NULL, 'r'},       {"bottom-up", 0, NULL, 'B'},
                                          {"full-range", 0, NULL, 'F'}, {"unchanged", 0, NULL, 'u'},
                                          {"verbose", 0, NULL, 'v'},    {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'},    {0}};
    struct writer w = {0};
    struct imgreader_spec spec = {.flags = PIXFMT_LIMITED};
    int c;
    cli_init("shm-write", usage, help);
    while ((c = getopt_long(argc, argv, "s:f:r:uvhV", longs, NULL)) != -1)
        switch (c) {
        case 's':
            cli_size("-s", optarg, &spec.width, &spec.height);
            break;
        case 'f':
            spec.format = imgreader_format(optarg);
            if (!spec.format)
                cli_die(CLI_USAGE, "-f %s: must be one of %s", optarg, imgreader_formats());
            break;
        case 'S':
            spec.stride = cli_number("--stride", optarg, 1, INT32_MAX);
            break;
        case 'A':
            set_aspect(&spec, optarg);
            break;
        case 'M':
            spec.matrix = find("--matrix", optarg, pixfmt_matrix_find, "bt601, bt709, bt2020");
            break;
        case 'P':
            spec.alpha =
                find("--alpha", optarg, pixfmt_alpha_find, "straight, premultiplied, ignored");
            break;
        case 'r':
            w.rate = ratelimit_per_second(cli_real("-r", optarg, 0.001, 10000));
            break;
        case 'B':
            spec.flags |= PIXFMT_BOTTOM_UP;
            w.bottom_up = true;
            break;
        case 'F':
            spec.flags &= ~(unsigned)PIXFMT_LIMITED;
            break;
        case 'u':
            w.skip_unchanged = true;
            break;
        case 'v':
            w.verbose = true;
            break;
        default:
            cli_option(c);
        }
    const char *name = cli_name(argc, argv);

    cli_catch_stop();
    /* JPEGs may be written beside another writer of frames. */
    if (streamwriter_open(&w.out, name, RING_FRAMES) && errno != EBUSY)
        cli_die(CLI_FAIL, "%s: %s", name, streamwriter_problem(&w.out, errno));
    const struct shmfmt_header *header = stream_header(w.out.stream);
    spec.raw = spec.width || spec.format || spec.stride;
    if (!spec.width) {
        spec.width = header->width;
        spec.height = header->height;
    }
    if (!spec.format)
        spec.format = header->format;
    w.in = imgreader_open(STDIN_FILENO, &spec);
    if (!w.in && errno == EINVAL && spec.stride)
        cli_die(CLI_USAGE, "--stride %zu: too small for rows of %" PRIu32 " pixels", spec.stride,
                spec.width);
    if (!w.in)
        cli_die(CLI_FAIL, "%s: %s", name, strerror(errno));

    write_all(&w);
    imgreader_close(w.in);
    streamwriter_close(&w.out);
    cli_finish(w.code);
}
