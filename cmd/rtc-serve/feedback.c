/*
 * What a viewer's RTCP says about the way to it, in kbit/s.
 *
 * REMB is the receiver's own estimate, which it makes of how the times between packets grow. It can
 * be little more than what it is sent, so one that is well above that says only that there was no
 * more to be sent. Loss counts beside it, as congestion that comes in no other shape.
 */
#include "mediaparts.h"
#include "futex.h"
#include "monotonic.h"
#include <gst/rtp/gstrtcpbuffer.h>
#include <string.h>

#define MS UINT64_C(1000000)

enum {
    WINDOW_MS = 500,  /* over which is counted what was sent */
    SILENT_MS = 5000, /* without REMB for so long it goes by loss alone */
    LOSS_MANY = 26,   /* of 256: 10 % */
    LOSS_FEW = 5      /* 2 % */
};

/* REMB: "REMB", how many SSRCs, 6 bits of exponent, 18 of mantissa, in bit/s. Kbit/s, or 0: it
 * isn't one. */
static uint32_t remb(GstRTCPPacket *packet)
{
    const guint8 *fci = gst_rtcp_packet_fb_get_fci(packet);
    if (gst_rtcp_packet_fb_get_type(packet) != GST_RTCP_PSFB_TYPE_AFB ||
        gst_rtcp_packet_fb_get_fci_length(packet) < 2 || memcmp(fci, "REMB", 4))
        return 0;
    unsigned exponent = fci[5] >> 2;
    uint64_t mantissa = (uint64_t)(fci[5] & 3) << 16 | (uint64_t)fci[6] << 8 | fci[7];
    uint64_t kbit = exponent > 31 ? UINT32_MAX : (mantissa << exponent) / 1000;
    return kbit < 1 ? 1 : kbit > UINT32_MAX ? UINT32_MAX : (uint32_t)kbit;
}

static void allow(struct outlet *outlet, uint32_t kbit)
{
    const struct pipeline_options *options = &outlet->media->options;
    atomic_store(&outlet->allowed, CLAMP(kbit, options->bitrate_min, options->bitrate_max));
}

static void take_estimate(struct outlet *outlet, uint32_t kbit, uint64_t now)
{
    outlet->feedback.remb_ns = now;
    if (kbit >= atomic_load(&outlet->allowed) || kbit < outlet->feedback.sent * 6 / 5)
        allow(outlet, kbit);
}

static void take_loss(struct outlet *outlet, unsigned of_256, uint64_t now)
{
    uint64_t kbit = atomic_load(&outlet->allowed);
    if (of_256 > LOSS_MANY)
        allow(outlet, (uint32_t)(kbit * (512 - of_256) / 512));
    else if (of_256 < LOSS_FEW && now - outlet->feedback.remb_ns > SILENT_MS * MS)
        allow(outlet, (uint32_t)(kbit * 21 / 20 + 1));
}

static void take_reports(struct outlet *outlet, GstRTCPPacket *packet, uint64_t now)
{
    for (guint i = 0; i < gst_rtcp_packet_get_rb_count(packet); i++) {
        guint32 ssrc, highest, jitter, lsr, dlsr;
        guint8 lost;
        gint32 all;
        gst_rtcp_packet_get_rb(packet, i, &ssrc, &lost, &all, &highest, &jitter, &lsr, &dlsr);
        if (ssrc == outlet->media->ssrc)
            take_loss(outlet, lost, now);
    }
}

static void count_sent(struct outlet *outlet, uint64_t now)
{
    struct feedback *f = &outlet->feedback;
    uint64_t bytes = atomic_load(&outlet->bytes), ns = now - f->window_ns;
    if (ns < WINDOW_MS * MS)
        return;
    f->sent = (uint32_t)((bytes - f->window_bytes) * 8 * MS / ns);
    f->window_ns = now;
    f->window_bytes = bytes;
}

void feedback_read(struct outlet *outlet, GstBuffer *buffer)
{
    GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
    GstRTCPPacket packet;
    uint64_t now = monotonic_ns();
    if (!gst_rtcp_buffer_validate_reduced(buffer) ||
        !gst_rtcp_buffer_map(buffer, GST_MAP_READ, &rtcp))
        return;
    count_sent(outlet, now);
    for (gboolean more = gst_rtcp_buffer_get_first_packet(&rtcp, &packet); more;
         more = gst_rtcp_packet_move_to_next(&packet)) {
        GstRTCPType type = gst_rtcp_packet_get_type(&packet);
        uint32_t kbit = type == GST_RTCP_TYPE_PSFB ? remb(&packet) : 0;
        if (kbit)
            take_estimate(outlet, kbit, now);
        else if (type == GST_RTCP_TYPE_RR || type == GST_RTCP_TYPE_SR)
            take_reports(outlet, &packet, now);
    }
    gst_rtcp_buffer_unmap(&rtcp);
}
