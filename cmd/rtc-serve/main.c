/*
 * rtc-serve: as ws-serve, and serves streams over WebRTC, with input over a data channel.
 *
 * stdout: one line, the address, once it listens. Reads the frames of each stream (packets too, for
 * clients without WebRTC), writes its events; follows --replace. SIGINT, SIGTERM and SIGHUP close
 * every viewer and end the program; with TLS or tokens SIGHUP reloads those instead.
 * Exit: 0 every stream was removed, 2 usage, 3 no such stream, port in use, stdout not writable.
 */
#include "service.h"
#include "tool/cli.h"
#include "server/http/secretfile.h"
#include "server/servermain.h"
#include "whip.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_CODEC = OPTION_OWN,
    OPTION_BITRATE,
    OPTION_STUN,
    OPTION_TURN,
    OPTION_TURN_FILE,
    OPTION_RTP,
    OPTION_WHIP,
    OPTION_WHIP_TOKEN,
    BITRATE_MAX = 1000000 /* kbit/s */
};

static const struct option longs[] = {
    {"codec", 1, NULL, OPTION_CODEC},
    {"bitrate", 1, NULL, OPTION_BITRATE},
    {"stun", 1, NULL, OPTION_STUN},
    {"turn", 1, NULL, OPTION_TURN},
    {"rtp", 1, NULL, OPTION_RTP},
    {"turn-file", 1, NULL, OPTION_TURN_FILE},
    {"whip", 1, NULL, OPTION_WHIP},
    {"whip-token", 1, NULL, OPTION_WHIP_TOKEN},
    {0},
};

static const char help[] =
    "      --codec vp8|h264      video codec (vp8)\n"
    "      --bitrate KBIT[-KBIT] initial bit rate (2500), or its bounds (300-10000)\n"
    "      --stun URL            STUN server, stun://HOST[:PORT]\n"
    "      --turn URL            TURN server, turn://USER:PASSWORD@HOST[:PORT]\n"
    "      --turn-file FILE      read the URL of --turn, with its password, from FILE\n"
    "      --rtp HOST:PORT       send the video as plain RTP as well, to an SFU\n"
    "      --whip URL            publish the first stream by WHIP as well, to an SFU\n"
    "      --whip-token FILE     read the token of --whip from FILE\n";

static const char *stun, *turn, *whip, *whip_token;
static char *turn_file; /* the contents, in use until the options are read; or NULL */

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

/* KBIT: the initial rate, which widens the bounds if necessary; or KBIT-KBIT: the bounds. */
static void read_bitrate(char *text)
{
    struct pipeline_options *o = &service_options;
    char *dash = strchr(text, '-');
    if (dash)
        *dash = 0;
    unsigned low = (unsigned)cli_number("--bitrate", text, 1, BITRATE_MAX);
    if (dash) {
        o->bitrate_min = low;
        o->bitrate_max = (unsigned)cli_number("--bitrate", dash + 1, low, BITRATE_MAX);
        o->bitrate = at_most(o->bitrate < low ? low : o->bitrate, o->bitrate_max);
    } else {
        o->bitrate = low;
        o->bitrate_min = at_most(o->bitrate_min, low);
        o->bitrate_max = o->bitrate_max < low ? low : o->bitrate_max;
    }
}

/* HOST:PORT; RTCP uses the next port. */
static void read_rtp(char *text)
{
    const char *colon = strrchr(text, ':');
    size_t host = colon ? (size_t)(colon - text) : 0;
    if (!host)
        cli_die(CLI_USAGE, "--rtp %s: must be like 127.0.0.1:5004", text);
    service_options.rtp_port = (int)cli_number("--rtp", text + host + 1, 1, 65534);
    text[host] = 0;
    if (*text == '[' && text[host - 1] == ']') {
        text[host - 1] = 0;
        text++;
    }
    service_options.rtp_host = text;
}

/* The file has the URL of --turn, and may end with a newline. */
static void read_turn_file(const char *path)
{
    char problem[512];
    size_t bytes;
    char *text = secretfile_read(path, &bytes, problem, sizeof problem);
    size_t line = text ? strcspn(text, "\r\n") : 0;
    if (!text)
        cli_die(CLI_FAIL, "%s", problem);
    if (line + 2 < bytes)
        cli_die(CLI_USAGE, "%s: must have one line, the URL of a TURN server", path);
    text[line] = 0;
    free(turn_file);
    turn = turn_file = text;
}

static void take_option(int option, char *value)
{
    switch (option) {
    case OPTION_CODEC:
        if (strcmp(value, "vp8") && strcmp(value, "h264"))
            cli_die(CLI_USAGE, "--codec %s: must be vp8 or h264", value);
        service_options.codec = value;
        break;
    case OPTION_BITRATE:
        read_bitrate(value);
        break;
    case OPTION_STUN:
        stun = value;
        break;
    case OPTION_TURN:
        turn = value;
        break;
    case OPTION_TURN_FILE:
        read_turn_file(value);
        break;
    case OPTION_RTP:
        read_rtp(value);
        break;
    case OPTION_WHIP:
        whip = value;
        break;
    case OPTION_WHIP_TOKEN:
        whip_token = value;
        break;
    default:
        cli_option(option);
    }
}

static void check_options(void)
{
    ice_read(&service_ice, stun, turn);
    free(turn_file);
    whip_read(whip, whip_token);
    const char *missing = pipeline_missing(service_options.codec);
    if (missing)
        cli_die(CLI_FAIL, "%s", missing);
}

static const struct server_program rtc_serve = {
    .name = "rtc-serve",
    .usage =
        "rtc-serve" SERVERMAIN_USAGE
        " [--codec vp8|h264] [--bitrate KBIT[-KBIT]] [--stun URL] [--turn URL] [--turn-file FILE]"
        " [--rtp HOST:PORT] [--whip URL [--whip-token FILE]] NAME ...\n",
    .help = help,
    .longs = longs,
    .option = take_option,
    .checked = check_options,
    .extension = &service_extension,
};

int main(int argc, char **argv)
{
    service_options = (struct pipeline_options){
        .codec = "vp8", .bitrate_min = 300, .bitrate = 2500, .bitrate_max = 10000};
    servermain_run(&rtc_serve, argc, argv);
}
