#include "metrics.h"
#include "memstream.h"
#include "monotonic.h"
#include "server/stream/served.h"
#include "stream.h"
#include "utf8.h"
#include "whep.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A label's value; names have no control characters. Text that is not UTF-8 is taken for Latin-1,
 * as in stats. */
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
    const struct served *served;
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
    return sample->served->sent;
}

static uint64_t get_sent_parts(const struct sample *sample)
{
    return sample->served->sent_parts;
}

static uint64_t get_sent_bytes(const struct sample *sample)
{
    return sample->served->sent_bytes;
}

static uint64_t get_skipped(const struct sample *sample)
{
    return sample->served->skipped;
}

static uint64_t get_events(const struct sample *sample)
{
    return sample->served->events;
}

static const struct {
    const char *name, *help;
    uint64_t (*get)(const struct sample *sample);
} counters[] = {
    {"shmcast_pictures_total", "Packets put into the stream.", get_pictures},
    {"shmcast_dropped_total", "Packets too large for the stream or without a free slot.",
     get_dropped},
    {"shmcast_sent_total", "Packets sent to viewers.", get_sent},
    {"shmcast_sent_parts_total", "Packets of which viewers were sent only parts.", get_sent_parts},
    {"shmcast_sent_bytes_total", "Bytes of packets sent to viewers.", get_sent_bytes},
    {"shmcast_skipped_total", "Packets skipped by slow viewers.", get_skipped},
    {"shmcast_events_total", "Viewers' events appended to the event log.", get_events},
};

void metrics_head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(FILE *to, const char *name, const struct served *served)
{
    fprintf(to, "%s{stream=\"", name);
    put_label(to, served->name);
    putc('"', to);
}

static void put_gauges(FILE *to, const struct site *site, const struct sample *samples,
                       size_t count)
{
    static const char viewers[] = "shmcast_viewers", age[] = "shmcast_newest_picture_age_seconds";
    uint64_t now = monotonic_ns();
    metrics_head(to, viewers, "gauge", "Current viewers.");
    for (size_t i = 0; i < count; i++) {
        const struct served *served = samples[i].served;
        unsigned mjpeg = served->kinds[VIEWER_MJPEG], webrtc = served->kinds[VIEWER_WEBRTC];
        metrics_sample(to, viewers, samples[i].served);
        fprintf(to, ",transport=\"websocket\"} %u\n", served->viewer_count - mjpeg - webrtc);
        metrics_sample(to, viewers, samples[i].served);
        fprintf(to, ",transport=\"mjpeg\"} %u\n", mjpeg);
        if (!site->whep)
            continue;
        metrics_sample(to, viewers, samples[i].served);
        fprintf(to, ",transport=\"webrtc\"} %u\n", webrtc);
    }
    metrics_head(to, age, "gauge", "Time since the capture of the newest packet.");
    for (size_t i = 0; i < count; i++) {
        const struct ring_meta *newest = &samples[i].ring.newest;
        if (!newest->bytes)
            continue;
        metrics_sample(to, age, samples[i].served);
        fprintf(to, "} %.3f\n",
                now > newest->captured_ns ? (double)(now - newest->captured_ns) / 1e9 : 0);
    }
}

static void put_server(FILE *to, const struct site *site)
{
    metrics_head(to, "shmcast_build_info", "gauge",
                 "Always 1, with the version of the server as label.");
    fputs("shmcast_build_info{version=\"" SHMCAST_VERSION "\"} 1\n", to);
    metrics_head(to, "shmcast_streams", "gauge", "Served streams, without removed ones.");
    fprintf(to, "shmcast_streams %zu\n", site->streams->live);
    metrics_head(to, "shmcast_connections", "gauge", "Open connections, of viewers and others.");
    fprintf(to, "shmcast_connections %u\n", site->connections);
}

char *metrics_text(const struct site *site, size_t *bytes)
{
    char *text = NULL;
    size_t count = 0;
    struct sample *samples = calloc(site->streams->count, sizeof *samples);
    FILE *to = samples ? open_memstream(&text, bytes) : NULL;
    if (!to)
        goto out;
    for (size_t i = 0; i < site->streams->count; i++) {
        const struct served *served = &site->streams->list[i];
        if (!served->reader.stream)
            continue;
        samples[count].served = served;
        ring_stats(served->reader.stream, RING_PACKETS, &samples[count++].ring);
    }
    put_server(to, site);
    put_gauges(to, site, samples, count);
    for (size_t c = 0; c < sizeof counters / sizeof counters[0]; c++) {
        metrics_head(to, counters[c].name, "counter", counters[c].help);
        for (size_t i = 0; i < count; i++) {
            metrics_sample(to, counters[c].name, samples[i].served);
            fprintf(to, "} %" PRIu64 "\n", counters[c].get(&samples[i]));
        }
    }
    if (site->whep)
        site->whep->metrics(to, site->streams);
    memstream_end(to, &text);
out:
    free(samples);
    return text;
}
