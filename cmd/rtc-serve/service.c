/* All of this runs on the server's main thread. */
#include "service.h"
#include "session.h"
#include "server/http/metrics.h"
#include "tool/cli.h"
#include "whip.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct pipeline_options service_options;
struct ice service_ice;

static struct pipeline **pipelines; /* of each stream */

struct pipeline *service_pipeline(const struct served *served)
{
    return pipelines[served - served->streams->list];
}

/* --- statistics --- */

static void service_stats(FILE *to, const struct served *served)
{
    struct pipeline_stats n;
    pipeline_stats(service_pipeline(served), &n);
    fprintf(to,
            ",\"iceServers\":%s,\"webrtc\":{\"peers\":%u,\"codec\":\"%s\",\"bitrate\":%u"
            ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"pictures\":%" PRIu64
            ",\"keyframes\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64
            ",\"packet_bytes\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"asked\":%" PRIu64 "}",
            service_ice.json, n.peers, service_options.codec, n.bitrate, n.width, n.height,
            n.frames, n.keyframes, n.bytes, n.packets, n.packet_bytes, n.dropped,
            n.keyframe_requests);
    if (served == served->streams->list && whip_state())
        fprintf(to, ",\"whip\":\"%s\"", whip_state());
}

static uint64_t get_pictures(const struct pipeline_stats *n)
{
    return n->frames;
}

static uint64_t get_keyframes(const struct pipeline_stats *n)
{
    return n->keyframes;
}

static uint64_t get_bytes(const struct pipeline_stats *n)
{
    return n->bytes;
}

static uint64_t get_packet_bytes(const struct pipeline_stats *n)
{
    return n->packet_bytes;
}

static uint64_t get_left_out(const struct pipeline_stats *n)
{
    return n->dropped;
}

static uint64_t get_bitrate(const struct pipeline_stats *n)
{
    return 1000 * (uint64_t)n->bitrate;
}

static const struct {
    const char *name, *type, *help;
    uint64_t (*get)(const struct pipeline_stats *n);
} metrics[] = {
    {"shmcast_webrtc_pictures_total", "counter", "Frames encoded as video.", get_pictures},
    {"shmcast_webrtc_keyframes_total", "counter", "Keyframes among them.", get_keyframes},
    {"shmcast_webrtc_bytes_total", "counter", "Bytes of encoded video.", get_bytes},
    {"shmcast_webrtc_sent_bytes_total", "counter", "Bytes of video sent to viewers.",
     get_packet_bytes},
    {"shmcast_webrtc_left_out_total", "counter", "Frames not sent to viewers that were too slow.",
     get_left_out},
    {"shmcast_webrtc_bitrate", "gauge", "Target of the video encoder, bits per second.",
     get_bitrate},
};

static void service_metrics(FILE *to, const struct streams *streams)
{
    for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
        metrics_head(to, metrics[m].name, metrics[m].type, metrics[m].help);
        for (size_t i = 0; i < streams->count; i++) {
            struct pipeline_stats n;
            if (!streams->list[i].reader.stream)
                continue;
            pipeline_stats(pipelines[i], &n);
            metrics_sample(to, metrics[m].name, &streams->list[i]);
            fprintf(to, "} %" PRIu64 "\n", metrics[m].get(&n));
        }
    }
}

/* --- the server's calls --- */

static void notify(void *context)
{
    lws_cancel_service(context);
}

/* A peer whose answer is pending is no viewer yet, and needs descriptors too; so do that of --whip
 * and its request. */
static unsigned service_descriptors(unsigned viewers)
{
    return 2 + (1 + viewers + SESSION_CONNECTING_MAX) * pipeline_peer_descriptors();
}

static void service_open(struct streams *streams, unsigned reserved)
{
    service_options.notify = notify;
    service_options.notify_arg = streams->context;
    service_options.reserved_descriptors = reserved;
    service_options.servers = service_ice.servers;
    pipelines = calloc(streams->count, sizeof(struct pipeline *));
    if (!pipelines)
        cli_die(CLI_FAIL, "%s", strerror(errno));
    for (size_t i = 0; i < streams->count; i++) {
        struct pipeline_options options = service_options;
        options.rtp_port += 2 * (int)i;
        if (i >= streams->listed)
            options.rtp_host = NULL;
        pipelines[i] = pipeline_open(streams->list[i].name, &options);
        if (!pipelines[i])
            cli_die(CLI_FAIL, "%s: %s", streams->list[i].name, strerror(errno));
    }
    whip_open(pipelines[0], &streams->list[0]);
}

static void service_update(struct streams *streams)
{
    for (size_t i = 0; pipelines && i < streams->count; i++)
        pipeline_dispatch(pipelines[i]);
    whip_update();
}

static void service_close(struct streams *streams)
{
    whip_close();
    session_end_all();
    for (size_t i = 0; i < streams->count; i++)
        pipeline_close(pipelines[i]);
    free(pipelines);
    pipelines = NULL;
    ice_free(&service_ice);
}

static const struct whep_ops whep_ops = {
    .offer = session_offer,
    .answer = session_answer,
    .forget = session_forget,
    .accept = session_accept,
    .hang_up = session_hang_up,
    .stats = service_stats,
    .metrics = service_metrics,
};

const struct server_extension service_extension = {
    .descriptors = service_descriptors,
    .prepare = whip_prepare,
    .file = whip_file,
    .open = service_open,
    .update = service_update,
    .ending = whip_ending,
    .close = service_close,
    .whep = &whep_ops,
};
