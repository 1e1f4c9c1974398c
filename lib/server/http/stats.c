#include "stats.h"
#include "memstream.h"
#include "monotonic.h"
#include "server/stream/backlog.h"
#include "server/stream/viewer.h"
#include "stream.h"
#include "tool/json.h"
#include "url.h"
#include "whep.h"
#include "server/stream/writerstate.h"
#include <inttypes.h>
#include <stdio.h>

enum { NAME_JSON = JSON_QUOTED_MAX(250) };

static void put_viewer(FILE *to, const struct viewer *viewer)
{
    char name[NAME_JSON], own[JSON_QUOTED_MAX(EVJSON_NAME_MAX)];
    json_quote(viewer->shown->name, name);
    json_quote(viewer->name, own);
    fprintf(to,
            "{\"id\":%" PRIu32 ",\"name\":%s,\"transport\":\"%s\",\"stream\":%s,\"sent\":%" PRIu64
            ",\"parts\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"acked\":%" PRIu64
            ",\"bytes\":%" PRIu64 ",\"role\":\"%s\",\"steering\":%s,\"events\":%" PRIu64
            ",\"refused\":%" PRIu64 ",\"limited\":%" PRIu64,
            viewer->id, own, viewer->transport->name, name, viewer->sent, viewer->sent_parts,
            viewer->skipped, viewer->flow.acked, viewer->bytes,
            viewer->role == ROLE_CONTROL ? "control" : "view",
            control_has(viewer) ? "true" : "false", viewer->events, viewer->refused,
            viewer->limited);
    if (flow_window(&viewer->flow))
        fprintf(to, ",\"window\":%u,\"in_flight\":%u,\"srtt_ms\":%.3f,\"ignored\":%" PRIu64 "}",
                flow_window(&viewer->flow), viewer->flow.in_flight,
                (double)viewer->flow.srtt_ns / 1e6, viewer->flow.ignored);
    else
        fputs(",\"window\":null,\"in_flight\":null,\"srtt_ms\":null,\"ignored\":0}", to);
}

static void put_newest(FILE *to, const struct ring_meta *newest)
{
    if (!newest->bytes) {
        fputs("null", to);
        return;
    }
    uint64_t now = monotonic_ns();
    uint64_t age = now > newest->captured_ns ? now - newest->captured_ns : 0;
    fprintf(to,
            "{\"seq\":%" PRIu64 ",\"frame\":%" PRIu64 ",\"event\":%" PRIu64 ",\"width\":%" PRIu32
            ",\"height\":%" PRIu32 ",\"bytes\":%" PRIu64 ",\"age_ms\":%.1f}",
            newest->number, newest->frame, newest->event, newest->width, newest->height,
            newest->bytes, (double)age / 1e6);
}

static void put_writers(FILE *to, const struct stream *stream)
{
    const char *frames = stream ? writerstate(stream, RING_FRAMES) : NULL;
    const char *packets = stream ? writerstate(stream, RING_PACKETS) : NULL;
    const char *mark[] = {frames ? "\"" : "", packets ? "\"" : ""};
    fprintf(to, ",\"writers\":{\"frames\":%s%s%s,\"packets\":%s%s%s}", mark[0],
            frames ? frames : "null", mark[0], mark[1], packets ? packets : "null", mark[1]);
}

static void put_short(FILE *to, const struct served *served)
{
    char name[NAME_JSON], url[URL_NAME_MAX];
    struct ring_stats frames = {0}, packets = {0};
    json_quote(served->name, name);
    url_encode(served->name, url);
    if (served->reader.stream) {
        ring_stats(served->reader.stream, RING_FRAMES, &frames);
        ring_stats(served->reader.stream, RING_PACKETS, &packets);
    }
    fprintf(to,
            "{\"name\":%s,\"url\":\"%s/\",\"live\":%s,\"viewers\":%u,\"frames\":%" PRIu64
            ",\"pictures\":%" PRIu64 ",\"newest\":",
            name, url, served->reader.stream ? "true" : "false", served->viewer_count,
            frames.published, packets.published);
    put_newest(to, &packets.newest);
    put_writers(to, served->reader.stream);
    putc('}', to);
}

char *stats_list_json(const struct streams *streams, size_t *bytes)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, bytes);
    if (!to)
        return NULL;
    for (size_t i = 0; i < streams->listed; i++) {
        putc(i ? ',' : '[', to);
        put_short(to, &streams->list[i]);
    }
    fputs("]\n", to);
    return memstream_end(to, &text);
}

char *stats_json(const struct site *site, const struct served *served, const char *host, bool root,
                 size_t *bytes)
{
    struct ring_stats ring;
    char *text = NULL, name[NAME_JSON];
    FILE *to = open_memstream(&text, bytes);
    if (!to)
        return NULL;
    ring_stats(served->reader.stream, RING_PACKETS, &ring);
    json_quote(served->name, name);
    fprintf(to,
            "{\"name\":%s,\"server\":\"%s\",\"generation\":\"%016" PRIx64
            "\",\"viewers\":%u,\"pictures\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"newest\":",
            name, served->streams->id, served->generation, served->viewer_count, ring.published,
            ring.dropped);
    put_newest(to, &ring.newest);
    put_writers(to, served->reader.stream);
    fprintf(to,
            ",\"sent\":{\"pictures\":%" PRIu64 ",\"parts\":%" PRIu64 ",\"bytes\":%" PRIu64
            "},\"events\":%" PRIu64 ",\"waiting\":%zu,\"control\":\"%s\",\"steerer\":",
            served->sent, served->sent_parts, served->sent_bytes, served->events,
            backlog_count(served->backlog), control_mode_name(served->streams->control));
    if (served->control.controller)
        fprintf(to, "%" PRIu32, served->control.controller->id);
    else
        fputs("null", to);
    fputs(",\"viewer_list\":[", to);
    for (const struct viewer *viewer = served->viewers; viewer; viewer = viewer->next) {
        put_viewer(to, viewer);
        if (viewer->next)
            putc(',', to);
    }
    fprintf(to, "],\"transports\":[%s\"ws\",\"mjpeg\"],\"list\":%s,\"host\":",
            site->whep ? "\"webrtc\"," : "",
            !root && served->streams->listed > 1 ? "\"../\"" : "null");
    json_string(to, host);
    if (site->whep)
        site->whep->stats(to, served);
    fputs("}\n", to);
    return memstream_end(to, &text);
}
