#include "feedback.h"
#include "monotonic.h"
#include <stdatomic.h>
#include <string.h>

#define MS UINT64_C(1000000)

enum {
    WINDOW_MS = 500,        /* period over which the rate sent is measured */
    REMB_EXPIRES_MS = 5000, /* age of the last REMB from which on loss alone decides */
    HIGH_LOSS = 26,         /* of 256: 10 % */
    LOW_LOSS = 5            /* of 256: 2 % */
};

struct feedback {
    uint32_t ssrc;
    struct bitrate_range range;
    _Atomic uint32_t bitrate; /* the estimate, kbit/s */
    uint64_t window_ns;       /* start of the current window */
    uint64_t window_bytes;    /* bytes sent before the current window */
    uint32_t rate_sent;       /* kbit/s in the last window */
    uint64_t remb_ns;         /* time of the last REMB */
};

struct feedback *feedback_new(uint32_t ssrc, const struct bitrate_range *range)
{
    struct feedback *feedback = g_new0(struct feedback, 1);
    feedback->ssrc = ssrc;
    feedback->range = *range;
    atomic_store(&feedback->bitrate, range->start);
    return feedback;
}

void feedback_free(struct feedback *feedback)
{
    g_free(feedback);
}

uint32_t feedback_bitrate(const struct feedback *feedback)
{
    return atomic_load(&feedback->bitrate);
}

/* A REMB message: "REMB", the number of SSRCs, then a bitrate in bit/s as 6 bits of exponent and 18
 * of mantissa. kbit/s, at least 1; 0: not a REMB. */
static uint32_t parse_remb(GstRTCPPacket *packet)
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

static void set_bitrate(struct feedback *feedback, uint32_t kbit)
{
    atomic_store(&feedback->bitrate, CLAMP(kbit, feedback->range.min, feedback->range.max));
}

static void take_remb(struct feedback *feedback, uint32_t kbit, uint64_t now)
{
    feedback->remb_ns = now;
    if (kbit >= feedback_bitrate(feedback) || kbit < feedback->rate_sent * 6 / 5)
        set_bitrate(feedback, kbit);
}

/* Above 10 % loss the rate falls by half the loss, as in draft-ietf-rmcat-gcc, section 6. */
static void take_loss(struct feedback *feedback, unsigned of_256, uint64_t now)
{
    uint64_t kbit = feedback_bitrate(feedback);
    if (of_256 > HIGH_LOSS)
        set_bitrate(feedback, (uint32_t)(kbit * (512 - of_256) / 512));
    else if (of_256 < LOW_LOSS && now - feedback->remb_ns > REMB_EXPIRES_MS * MS)
        set_bitrate(feedback, (uint32_t)(kbit * 21 / 20 + 1));
}

static void take_reports(struct feedback *feedback, GstRTCPPacket *packet, uint64_t now)
{
    for (guint i = 0; i < gst_rtcp_packet_get_rb_count(packet); i++) {
        guint32 ssrc = ~feedback->ssrc; /* stays, if the packet has fewer blocks than it says */
        guint32 highest, jitter, lsr, dlsr;
        guint8 lost;
        gint32 total;
        gst_rtcp_packet_get_rb(packet, i, &ssrc, &lost, &total, &highest, &jitter, &lsr, &dlsr);
        if (ssrc == feedback->ssrc)
            take_loss(feedback, lost, now);
    }
}

void feedback_begin(struct feedback *feedback, uint64_t sent)
{
    uint64_t now = monotonic_ns(), ns = now - feedback->window_ns;
    if (ns < WINDOW_MS * MS)
        return;
    feedback->rate_sent = (uint32_t)((sent - feedback->window_bytes) * 8 * MS / ns);
    feedback->window_ns = now;
    feedback->window_bytes = sent;
}

void feedback_take(struct feedback *feedback, GstRTCPPacket *packet)
{
    uint64_t now = monotonic_ns();
    GstRTCPType type = gst_rtcp_packet_get_type(packet);
    uint32_t kbit = type == GST_RTCP_TYPE_PSFB ? parse_remb(packet) : 0;
    if (kbit)
        take_remb(feedback, kbit, now);
    else if (type == GST_RTCP_TYPE_RR || type == GST_RTCP_TYPE_SR)
        take_reports(feedback, packet, now);
}
