/*
 * shm-encode: encodes the newest frame of a stream as JPEG, into the packets of that stream or
 * another, or to stdout.
 *
 * Frames that arrive during an encoding are skipped, except the newest. Of a frame only the tiles
 * are encoded that differ from the frame before. While no reader wants packets the encoder sleeps,
 * and frames do not wake it. stdout: concatenated JPEGs with -o -, else nothing. stderr: a line per
 * second with -v.
 * Runs until the stream is removed (exit 0) or a stop signal; follows shm-create --replace.
 * Exit: 0; 2 usage; 3 no such stream, busy, stdout failed, or a frame did not fit at any quality.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "encoder.h"
#include "stream.h"
#include "tool/cli.h"

static const char usage[] = "shm-encode [-q Q] [-S 420|422|444|gray] [-s SECONDS[,Q[,SAMPLING]]] "
                            "[-r FPS] [-j THREADS] [-a] [-u] [-v] [-o -|STREAM] NAME\n";
static const char help[] =
    "  -q, --quality Q           JPEG quality, 1 to 100 (80)\n"
    "  -S, --sampling MODE       chroma resolution: 420 (the default), 422, 444 or\n"
    "                            gray\n"
    "  -s, --sharpen SECONDS[,Q[,SAMPLING]]\n"
    "                            encode a picture again, with this quality and\n"
    "                            sampling, when it has not changed for SECONDS\n"
    "                            (0.3,95,444); 0: do not\n"
    "  -r, --rate FPS            encode at most FPS frames per second\n"
    "  -j, --threads THREADS     encode each frame with THREADS threads, 1 to 64 (1)\n"
    "  -a, --always              encode even while nobody wants packets\n"
    "  -u, --unchanged           skip frames that equal the last one encoded\n"
    "  -v, --verbose             report rate, size and time on standard error\n"
    "  -o, --output -|STREAM     write to standard output, or to the packets of\n"
    "                            STREAM\n";

enum { THREADS_MAX = 64, STILL_MAX = 3600 };

static enum jpeg_sampling parse_sampling(const char *option, const char *text)
{
    int sampling = jpeg_sampling(text);
    if (sampling < 0)
        cli_die(CLI_USAGE, "%s %s: must be one of 420 422 444 gray", option, text);
    return (enum jpeg_sampling)sampling;
}

/* SECONDS[,Q[,SAMPLING]] */
static void parse_sharpen(struct encoder_options *o, char *text)
{
    char *quality = strchr(text, ','), *sampling = quality ? strchr(quality + 1, ',') : NULL;
    if (quality)
        *quality++ = 0;
    if (sampling)
        *sampling++ = 0;
    o->still_ns = (uint64_t)(cli_real("-s", text, 0, STILL_MAX) * 1e9);
    if (quality)
        o->sharp.quality = (int)cli_number("-s", quality, 1, 100);
    if (sampling)
        o->sharp.sampling = parse_sampling("-s", sampling);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"quality", 1, NULL, 'q'}, {"sampling", 1, NULL, 'S'}, {"sharpen", 1, NULL, 's'},
        {"rate", 1, NULL, 'r'},    {"threads", 1, NULL, 'j'},  {"unchanged", 0, NULL, 'u'},
        {"verbose", 0, NULL, 'v'}, {"output", 1, NULL, 'o'},   {"always", 0, NULL, 'a'},
        {"help", 0, NULL, 'h'},    {"version", 0, NULL, 'V'},  {0}};
    struct encoder_options o = {
        .base = {80, JPEG_420}, .sharp = {95, JPEG_444}, .still_ns = 300000000, .threads = 1};
    const char *output = NULL;
    int c;
    cli_init("shm-encode", usage, help);
    while ((c = getopt_long(argc, argv, "q:S:s:r:j:auvo:hV", longs, NULL)) != -1)
        switch (c) {
        case 'q':
            o.base.quality = (int)cli_number("-q", optarg, 1, 100);
            break;
        case 'S':
            o.base.sampling = parse_sampling("-S", optarg);
            break;
        case 's':
            parse_sharpen(&o, optarg);
            break;
        case 'r':
            o.rate = ratelimit_per_second(cli_real("-r", optarg, 0.01, 1000));
            break;
        case 'j':
            o.threads = (unsigned)cli_number("-j", optarg, 1, THREADS_MAX);
            break;
        case 'a':
            o.always = true;
            break;
        case 'u':
            o.skip_unchanged = true;
            break;
        case 'v':
            o.verbose = true;
            break;
        case 'o':
            output = optarg;
            break;
        default:
            cli_option(c);
        }
    o.name = o.target = cli_name(argc, argv);
    if (output && !strcmp(output, "-"))
        o.target = NULL;
    else if (output && !(o.target = stream_name(output)))
        cli_die_stream(output, EINVAL);
    if (o.base.sampling == JPEG_GRAY)
        o.sharp.sampling = JPEG_GRAY;
    if (!o.still_ns || !o.target)
        o.sharp.quality = 0;

    cli_catch_stop();
    cli_finish(encoder_run(&o));
}
