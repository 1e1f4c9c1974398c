#include "packetsink.h"
#include "futex.h"
#include "monotonic.h"
#include <gst/rtp/gstrtcpbuffer.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    HISTORY = 512,      /* packets kept for retransmission */
    REPEATS_MAX = 3,    /* retransmissions of a packet */
    EXTENSIONS_MAX = 12 /* bytes */
};

/* A packet that was sent. */
struct past {
    GstBuffer *encoded; /* NULL: none */
    uint16_t sequence;
    uint8_t repeats;
};

struct packetsink {
    struct packetsink_options options;
    uint16_t sequence, rtx_sequence;
    bool in_sync; /* got a keyframe and every frame since */
    _Atomic bool wants_keyframe;
    struct feedback *feedback;
    struct past *history; /* HISTORY of them, by sequence number; NULL without retransmissions */
    _Atomic uint64_t packets, bytes, dropped, keyframe_requests;
};

const char *packetsink_cname(void)
{
    static char name[17];
    static gsize made;
    if (g_once_init_enter(&made)) {
        snprintf(name, sizeof name, "%08x%08x", g_random_int(), g_random_int());
        g_once_init_leave(&made, 1);
    }
    return name;
}

struct packetsink *packetsink_new(const struct packetsink_options *options)
{
    struct packetsink *sink = g_new0(struct packetsink, 1);
    sink->options = *options;
    sink->sequence = (uint16_t)(g_random_int() & 0x7fff); /* as RFC 3711 recommends */
    sink->rtx_sequence = (uint16_t)(g_random_int() & 0x7fff);
    sink->feedback = feedback_new(options->ssrc, &options->bitrate);
    if (options->rtx >= 0)
        sink->history = g_new0(struct past, HISTORY);
    return sink;
}

void packetsink_free(struct packetsink *sink)
{
    if (!sink)
        return;
    for (unsigned i = 0; sink->history && i < HISTORY; i++)
        gst_clear_buffer(&sink->history[i].encoded);
    g_free(sink->history);
    feedback_free(sink->feedback);
    g_free(sink);
}

/* --- packets --- */

/* Writes one-byte header extensions (RFC 8285) at out. Returns their size with their header. */
static size_t put_extensions(const struct packetsink *sink, uint8_t *out)
{
    size_t bytes = 4;
    if (sink->options.playout_delay_id) { /* minimum and maximum delay 0: show the frame at once */
        out[bytes] = (uint8_t)(sink->options.playout_delay_id << 4 | 2);
        memset(out + bytes + 1, 0, 3);
        bytes += 4;
    }
    if (sink->options.send_time_id) { /* abs-send-time: seconds, fixed point 6.18 */
        uint64_t time = (monotonic_ns() / 1000 << 18) / 1000000;
        out[bytes] = (uint8_t)(sink->options.send_time_id << 4 | 2);
        out[bytes + 1] = (uint8_t)(time >> 16);
        put_16(out + bytes + 2, (uint32_t)time);
        bytes += 4;
    }
    if (bytes == 4)
        return 0;
    put_16(put_16(out, 0xbede), (uint32_t)(bytes / 4 - 1));
    return bytes;
}

/* The encoder's packet with the sink's own header. original: the sequence number of the packet that
 * this one retransmits; -1: none. */
static void make_packet(struct packetsink *sink, GstBuffer *encoded, int original,
                        struct packet *out)
{
    const struct packetsink_options *o = &sink->options;
    bool again = original >= 0;
    uint8_t *at = out->data;
    gst_buffer_extract(encoded, 0, at, RTP_HEADER);
    size_t extra = put_extensions(sink, at + RTP_HEADER);
    at[0] = extra ? 0x90 : 0x80;
    at[1] = (uint8_t)((at[1] & 0x80) | (again ? (unsigned)o->rtx : o->payload));
    put_16(at + 2, again ? sink->rtx_sequence++ : sink->sequence++);
    put_32(at + 8, o->ssrc + again);
    at += RTP_HEADER + extra;
    if (again)
        at = put_16(at, (uint32_t)original);
    at +=
        gst_buffer_extract(encoded, RTP_HEADER, at, PACKET_BYTES - RTP_HEADER - EXTENSIONS_MAX - 2);
    out->bytes = (size_t)(at - out->data);
}

static void remember(struct packetsink *sink, uint16_t sequence, GstBuffer *encoded)
{
    if (!sink->history)
        return;
    struct past *past = &sink->history[sequence % HISTORY];
    gst_buffer_replace(&past->encoded, encoded);
    past->sequence = sequence;
    past->repeats = 0;
}

void packetsink_skip(struct packetsink *sink)
{
    sink->in_sync = false;
    atomic_fetch_add(&sink->dropped, 1);
    packetsink_request_keyframe(sink);
}

void packetsink_push(struct packetsink *sink, const struct encoded_frame *frame)
{
    struct packet batch[PACKET_BATCH];
    unsigned filled = 0;
    uint64_t bytes = 0;
    bool sent = true;
    if (!frame->keyframe && !sink->in_sync) {
        packetsink_skip(sink);
        return;
    }
    for (guint i = 0; i < frame->packets->len; i++) {
        GstBuffer *encoded = g_ptr_array_index(frame->packets, i);
        remember(sink, sink->sequence, encoded);
        make_packet(sink, encoded, -1, &batch[filled]);
        bytes += batch[filled++].bytes;
        if (filled < PACKET_BATCH && i + 1 < frame->packets->len)
            continue;
        sent &= sink->options.send(sink->options.user, batch, filled);
        filled = 0;
    }
    if (frame->keyframe)
        atomic_store(&sink->wants_keyframe, false);
    sink->in_sync = true;
    atomic_fetch_add(&sink->packets, frame->packets->len);
    atomic_fetch_add(&sink->bytes, bytes);
    atomic_fetch_add(&sink->dropped, !sent); /* the destination reports what it misses */
}

/* --- RTCP --- */

static void send_again(struct packetsink *sink, uint16_t sequence)
{
    struct packet packet = {0};
    struct past *past = &sink->history[sequence % HISTORY];
    if (!past->encoded || past->sequence != sequence || past->repeats >= REPEATS_MAX)
        return;
    past->repeats++;
    make_packet(sink, past->encoded, sequence, &packet);
    sink->options.send(sink->options.user, &packet, 1);
}

/* A generic NACK (RFC 4585, section 6.2.1): words of a sequence number and the 16 after it. */
static void take_nack(struct packetsink *sink, GstRTCPPacket *packet)
{
    const guint8 *fci = gst_rtcp_packet_fb_get_fci(packet);
    for (guint16 words = gst_rtcp_packet_fb_get_fci_length(packet); words; words--, fci += 4) {
        uint16_t first = GST_READ_UINT16_BE(fci);
        uint32_t lost = (uint32_t)GST_READ_UINT16_BE(fci + 2) << 1 | 1;
        for (uint16_t i = 0; i <= 16; i++)
            if (lost >> i & 1)
                send_again(sink, (uint16_t)(first + i));
    }
}

/* PLI (RFC 4585) or FIR (RFC 5104). */
static bool is_keyframe_request(GstRTCPPacket *packet)
{
    GstRTCPFBType type = gst_rtcp_packet_fb_get_type(packet);
    return type == GST_RTCP_PSFB_TYPE_PLI || type == GST_RTCP_PSFB_TYPE_FIR;
}

void packetsink_take_rtcp(struct packetsink *sink, const uint8_t *data, size_t bytes)
{
    GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
    GstRTCPPacket packet;
    GstBuffer *buffer = gst_buffer_new_memdup(data, bytes);
    if (gst_rtcp_buffer_validate_reduced(buffer) &&
        gst_rtcp_buffer_map(buffer, GST_MAP_READ, &rtcp)) {
        feedback_begin(sink->feedback, atomic_load(&sink->bytes));
        for (gboolean more = gst_rtcp_buffer_get_first_packet(&rtcp, &packet); more;
             more = gst_rtcp_packet_move_to_next(&packet)) {
            GstRTCPType type = gst_rtcp_packet_get_type(&packet);
            feedback_take(sink->feedback, &packet);
            if (type == GST_RTCP_TYPE_PSFB && is_keyframe_request(&packet)) {
                atomic_fetch_add(&sink->keyframe_requests, 1);
                packetsink_request_keyframe(sink);
            } else if (type == GST_RTCP_TYPE_RTPFB && sink->history &&
                       gst_rtcp_packet_fb_get_type(&packet) == GST_RTCP_RTPFB_TYPE_NACK) {
                take_nack(sink, &packet);
            }
        }
        gst_rtcp_buffer_unmap(&rtcp);
    }
    gst_buffer_unref(buffer);
}

/* A sender report (RFC 3550, section 6.4.1). RTP timestamps count CLOCK_MONOTONIC, see encoder.c.
 */
static uint8_t *put_sender_report(const struct packetsink *sink, uint8_t *at)
{
    enum { SENDER_REPORT = 200, WORDS = 6 };
    const uint64_t unix_epoch = 2208988800; /* in seconds since 1900 */
    struct timespec now;
    uint64_t ns = monotonic_ns(), packets = atomic_load(&sink->packets);
    clock_gettime(CLOCK_REALTIME, &now);
    *at++ = 0x80;
    *at++ = SENDER_REPORT;
    at = put_16(at, WORDS);
    at = put_32(at, sink->options.ssrc);
    at = put_32(at, (uint32_t)((uint64_t)now.tv_sec + unix_epoch));
    at = put_32(at, (uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000));
    at = put_32(at, (uint32_t)(ns / 1000 * 9 / 100));
    at = put_32(at, (uint32_t)packets);
    return put_32(at, (uint32_t)(atomic_load(&sink->bytes) - packets * RTP_HEADER));
}

static uint8_t *put_source_description(const struct packetsink *sink, uint8_t *at)
{
    enum { SOURCE_DESCRIPTION = 202, CNAME = 1 };
    const char *name = packetsink_cname();
    uint8_t *length = at + 2, *start = at;
    *at++ = 0x81;
    *at++ = SOURCE_DESCRIPTION;
    at = put_32(at + 2, sink->options.ssrc);
    *at++ = CNAME;
    *at++ = (uint8_t)strlen(name);
    at = (uint8_t *)stpcpy((char *)at, name);
    do
        *at++ = 0;
    while ((at - start) % 4);
    put_16(length, (uint32_t)((at - start) / 4 - 1));
    return at;
}

void packetsink_report(struct packetsink *sink)
{
    struct packet packet;
    uint8_t *end = put_source_description(sink, put_sender_report(sink, packet.data));
    packet.bytes = (size_t)(end - packet.data);
    sink->options.send_rtcp(sink->options.user, &packet);
}

/* --- any thread's --- */

void packetsink_request_keyframe(struct packetsink *sink)
{
    if (!atomic_exchange(&sink->wants_keyframe, true))
        futex_wake(sink->options.word);
}

bool packetsink_wants_keyframe(const struct packetsink *sink)
{
    return atomic_load(&sink->wants_keyframe);
}

uint32_t packetsink_bitrate(const struct packetsink *sink)
{
    return feedback_bitrate(sink->feedback);
}

void packetsink_add_stats(const struct packetsink *sink, struct packetsink_stats *total)
{
    total->packets += atomic_load(&sink->packets);
    total->bytes += atomic_load(&sink->bytes);
    total->dropped += atomic_load(&sink->dropped);
    total->keyframe_requests += atomic_load(&sink->keyframe_requests);
}
