/* What /NAME/stats answers. man/shmcast-web.7 says what the members mean. */
#include "rtc.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "stream.h"
#include "utf8.h"
#include "writerstate.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_end(FILE *to, char **text)
{
    bool bad = ferror(to);
    if (fclose(to) || bad) {
        free(*text);
        *text = NULL;
    }
    return *text;
}

void json_quote(const char *text, char *out)
{
    bool utf8 = utf8_valid(text, strlen(text));
    *out++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            *out++ = '\\';
        if (c < ' ' || c == 127 || (c > 127 && !utf8))
            out += sprintf(out, "\\u%04x", c);
        else
            *out++ = *text;
    }
    strcpy(out, "\"");
}

static void stats_viewer(FILE *to, const struct viewer *viewer)
{
    char name[JSON_NAME];
    json_quote(viewer->shown->name, name);
    fprintf(to,
            "{\"id\":%" PRIu32 ",\"transport\":\"%s\",\"stream\":%s,\"sent\":%" PRIu64
            ",\"skipped\":%" PRIu64 ",\"acked\":%" PRIu64 ",\"bytes\":%" PRIu64
            ",\"role\":\"%s\",\"steering\":%s,\"events\":%" PRIu64 ",\"refused\":%" PRIu64
            ",\"limited\":%" PRIu64,
            viewer->id, viewer_transport(viewer), name, viewer->sent, viewer->skipped,
            viewer->flow.acked, viewer->bytes, viewer->role == ROLE_CONTROL ? "control" : "view",
            control_steers(viewer) ? "true" : "false", viewer->events, viewer->refused,
            viewer->limited);
    if (flow_window(&viewer->flow))
        fprintf(to, ",\"window\":%u,\"in_flight\":%u,\"srtt_ms\":%.3f,\"ignored\":%" PRIu64 "}",
                flow_window(&viewer->flow), viewer->flow.in_flight,
                (double)viewer->flow.srtt_ns / 1e6, viewer->flow.ignored);
    else
        fputs(",\"window\":null,\"in_flight\":null,\"srtt_ms\":null,\"ignored\":0}", to);
}

static void stats_newest(FILE *to, const struct ring_meta *newest)
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

static void stats_writers(FILE *to, const struct stream *stream)
{
    const char *frames = stream ? writerstate(stream, RING_FRAMES) : NULL;
    const char *packets = stream ? writerstate(stream, RING_PACKETS) : NULL;
    const char *mark[] = {frames ? "\"" : "", packets ? "\"" : ""};
    fprintf(to, ",\"writers\":{\"frames\":%s%s%s,\"packets\":%s%s%s}", mark[0],
            frames ? frames : "null", mark[0], mark[1], packets ? packets : "null", mark[1]);
}

static void stats_short(FILE *to, const struct source *source)
{
    char name[JSON_NAME], url[3 * 250 + 1];
    struct ring_stats frames = {0}, pictures = {0};
    json_quote(source->name, name);
    page_encode(source->name, url);
    if (source->stream) {
        ring_stats(source->stream, RING_FRAMES, &frames);
        ring_stats(source->stream, RING_PACKETS, &pictures);
    }
    fprintf(to,
            "{\"name\":%s,\"url\":\"%s/\",\"live\":%s,\"viewers\":%u,\"frames\":%" PRIu64
            ",\"pictures\":%" PRIu64 ",\"newest\":",
            name, url, source->stream ? "true" : "false", source->viewer_count, frames.published,
            pictures.published);
    stats_newest(to, &pictures.newest);
    stats_writers(to, source->stream);
    putc('}', to);
}

char *streams_json(const struct server *server, size_t *bytes)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, bytes);
    if (!to)
        return NULL;
    for (size_t i = 0; i < server->listed; i++) {
        putc(i ? ',' : '[', to);
        stats_short(to, &server->sources[i]);
    }
    fputs("]\n", to);
    return text_end(to, &text);
}

char *stats_json(const struct source *source, size_t *bytes)
{
    const struct server *server = source->server;
    struct ring_stats ring;
    char *text = NULL, name[JSON_NAME];
    FILE *to = open_memstream(&text, bytes);
    if (!to)
        return NULL;
    ring_stats(source->stream, RING_PACKETS, &ring);
    json_quote(source->name, name);
    fprintf(to,
            "{\"name\":%s,\"generation\":\"%016" PRIx64 "\",\"viewers\":%u,\"pictures\":%" PRIu64
            ",\"dropped\":%" PRIu64 ",\"newest\":",
            name, source->generation, source->viewer_count, ring.published, ring.dropped);
    stats_newest(to, &ring.newest);
    stats_writers(to, source->stream);
    fprintf(to,
            ",\"sent\":{\"pictures\":%" PRIu64 ",\"bytes\":%" PRIu64 "},\"events\":%" PRIu64
            ",\"waiting\":%zu,\"control\":\"%s\",\"steerer\":",
            source->sent, source->sent_bytes, source->events, source->inbox.count,
            control_name(server->control));
    if (source->control.steerer)
        fprintf(to, "%" PRIu32, source->control.steerer->id);
    else
        fputs("null", to);
    fputs(",\"viewer_list\":[", to);
    for (const struct viewer *viewer = source->viewers; viewer; viewer = viewer->next) {
        stats_viewer(to, viewer);
        if (viewer->next)
            putc(',', to);
    }
    fprintf(to, "],\"transports\":[%s\"ws\",\"mjpeg\"]", server->rtc ? "\"webrtc\"," : "");
    if (server->rtc)
        server->rtc->stats(to, source);
    fputs("}\n", to);
    return text_end(to, &text);
}
