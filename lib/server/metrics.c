/* What /metrics answers: Prometheus' text format 0.0.4. man/shmcast-web.7 lists the names. */
#include "rtc.h"
#include "monotonic.h"
#include "tool/cli.h"
#include "stream.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A label's value; names have no control bytes. What isn't UTF-8 is taken for Latin-1, as in stats.
 */
static void put_label(FILE *to, const char *text)
{
    bool utf8 = utf8_valid(text, strlen(text));
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c > 127 && !utf8)
            fprintf(to, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
        else
            putc(c, to);
    }
}

struct sample {
    const struct source *source;
    struct ring_stats ring;
};

static uint64_t get_pictures(const struct sample *sample)
{
    return sample->ring.published;
}

static uint64_t get_dropped(const struct sample *sample)
{
    return sample->ring.dropped;
}

static uint64_t get_sent(const struct sample *sample)
{
    return sample->source->sent;
}

static uint64_t get_sent_bytes(const struct sample *sample)
{
    return sample->source->sent_bytes;
}

static uint64_t get_skipped(const struct sample *sample)
{
    return sample->source->skipped;
}

static uint64_t get_events(const struct sample *sample)
{
    return sample->source->events;
}

static const struct {
    const char *name, *help;
    uint64_t (*get)(const struct sample *sample);
} counters[] = {
    {"shmcast_pictures_total", "Pictures put into the stream.", get_pictures},
    {"shmcast_dropped_total", "Pictures too large for the stream or without room.", get_dropped},
    {"shmcast_sent_total", "Pictures sent to viewers.", get_sent},
    {"shmcast_sent_bytes_total", "Bytes of pictures sent to viewers.", get_sent_bytes},
    {"shmcast_skipped_total", "Pictures that viewers missed, being slow.", get_skipped},
    {"shmcast_events_total", "Events of viewers put into the stream.", get_events},
};

void metrics_head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_name(FILE *to, const char *name, const struct source *source)
{
    fprintf(to, "%s{stream=\"", name);
    put_label(to, source->name);
    putc('"', to);
}

static void put_gauges(FILE *to, const struct server *server, const struct sample *samples,
                       size_t count)
{
    static const char viewers[] = "shmcast_viewers", age[] = "shmcast_newest_picture_age_seconds";
    uint64_t now = monotonic_ns();
    metrics_head(to, viewers, "gauge", "Viewers there are now.");
    for (size_t i = 0; i < count; i++) {
        const struct source *source = samples[i].source;
        unsigned mjpeg = source->mjpeg_count, webrtc = source->webrtc_count;
        metrics_name(to, viewers, samples[i].source);
        fprintf(to, ",transport=\"websocket\"} %u\n", source->viewer_count - mjpeg - webrtc);
        metrics_name(to, viewers, samples[i].source);
        fprintf(to, ",transport=\"mjpeg\"} %u\n", mjpeg);
        if (!server->rtc)
            continue;
        metrics_name(to, viewers, samples[i].source);
        fprintf(to, ",transport=\"webrtc\"} %u\n", webrtc);
    }
    metrics_head(to, age, "gauge", "Since the capture of the newest picture.");
    for (size_t i = 0; i < count; i++) {
        const struct ring_meta *newest = &samples[i].ring.newest;
        if (!newest->bytes)
            continue;
        metrics_name(to, age, samples[i].source);
        fprintf(to, "} %.3f\n",
                now > newest->captured_ns ? (double)(now - newest->captured_ns) / 1e9 : 0);
    }
}

static void put_server(FILE *to, const struct server *server)
{
    metrics_head(to, "shmcast_build_info", "gauge", "1, with the version of the server.");
    fputs("shmcast_build_info{version=\"" SHMCAST_VERSION "\"} 1\n", to);
    metrics_head(to, "shmcast_streams", "gauge",
                 "Streams that are served, without the removed ones.");
    fprintf(to, "shmcast_streams %zu\n", server->sources_live);
    metrics_head(to, "shmcast_connections", "gauge", "Connections there are now, viewers or not.");
    fprintf(to, "shmcast_connections %u\n", server->connections);
}

char *metrics_text(const struct server *server, size_t *bytes)
{
    char *text = NULL;
    size_t count = 0;
    struct sample *samples = calloc(server->source_count, sizeof *samples);
    FILE *to = samples ? open_memstream(&text, bytes) : NULL;
    if (!to)
        goto out;
    for (size_t i = 0; i < server->source_count; i++) {
        const struct source *source = &server->sources[i];
        if (!source->stream)
            continue;
        samples[count].source = source;
        ring_stats(source->stream, RING_PACKETS, &samples[count++].ring);
    }
    put_server(to, server);
    put_gauges(to, server, samples, count);
    for (size_t c = 0; c < sizeof counters / sizeof counters[0]; c++) {
        metrics_head(to, counters[c].name, "counter", counters[c].help);
        for (size_t i = 0; i < count; i++) {
            metrics_name(to, counters[c].name, samples[i].source);
            fprintf(to, "} %" PRIu64 "\n", counters[c].get(&samples[i]));
        }
    }
    if (server->rtc)
        server->rtc->metrics(to, server);
    text_end(to, &text);
out:
    free(samples);
    return text;
}
