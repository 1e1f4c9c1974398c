#include "image/jpegscan.h"
#include "shmfmt.h"
#include <string.h>

enum {
    SOF0 = 0xc0,
    SOF2 = 0xc2,
    DHT = 0xc4,
    SOF15 = 0xcf,
    RST0 = 0xd0,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    DNL = 0xdc,
    DRI = 0xdd,
    APP0 = 0xe0,
    APP15 = 0xef,
    COM = 0xfe
};

enum { COMMENT_HEAD = 4 }; /* FF FE and the length */

/* Annex K.3: a DHT segment with both DC and both AC tables. */
static const uint8_t standard_huffman[] = {
    0xff, 0xc4, 0x01, 0xa2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00,
    0x01, 0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
    0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26,
    0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47,
    0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67,
    0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
    0xf7, 0xf8, 0xf9, 0xfa, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01,
    0x02, 0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
    0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33,
    0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19,
    0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66,
    0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
    0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
    0xf7, 0xf8, 0xf9, 0xfa,
};

static unsigned two(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The segments: p has their n bytes after the length. Each returns NULL, or why it is damaged. */

static const char *read_frame(struct jpegscan *scan, unsigned marker, const uint8_t *p, size_t n)
{
    if (marker > SOF2)
        return "neither baseline nor progressive";
    if (scan->components)
        return "two frame headers";
    if (n < 6 || p[0] != 8)
        return "not 8 bits per sample";
    unsigned height = two(p + 1), width = two(p + 3), count = p[5];
    if (!width || !height || width > SHMFMT_SIDE_MAX || height > SHMFMT_SIDE_MAX)
        return "a side of 0, or larger than 65500";
    if (count < 1 || count > 4 || n != 6 + 3 * (size_t)count)
        return "bad frame header";
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *c = p + 6 + 3 * (size_t)i;
        unsigned h = c[1] >> 4, v = c[1] & 15;
        if (h < 1 || h > 4 || v < 1 || v > 4 || c[2] > 3 || memchr(scan->id, c[0], i))
            return "bad frame header";
        scan->id[i] = c[0];
        scan->quantization[i] = c[2];
    }
    scan->components = count;
    scan->width = width;
    scan->height = height;
    scan->progressive = marker == SOF2;
    return NULL;
}

static const char *read_quantization(struct jpegscan *scan, const uint8_t *p, size_t n)
{
    while (n) {
        size_t bytes = 1 + (p[0] >> 4 ? 128 : 64);
        if (p[0] >> 4 > 1 || (p[0] & 15) > 3 || n < bytes)
            return "bad quantization table";
        scan->tables[JPEGSCAN_QUANTIZATION] |= 1u << (p[0] & 15);
        p += bytes;
        n -= bytes;
    }
    return NULL;
}

static const char *read_huffman(struct jpegscan *scan, const uint8_t *p, size_t n)
{
    while (n) {
        size_t bytes = 17;
        unsigned free_codes = 1;
        for (unsigned i = 1; i <= 16 && i < n; i++) {
            free_codes *= 2;
            if (p[i] > free_codes)
                return "bad Huffman table";
            free_codes -= p[i];
            bytes += p[i];
        }
        if (n < bytes || bytes > 17 + 256 || p[0] >> 4 > 1 || (p[0] & 15) > 3)
            return "bad Huffman table";
        scan->tables[p[0] >> 4 ? JPEGSCAN_AC : JPEGSCAN_DC] |= 1u << (p[0] & 15);
        p += bytes;
        n -= bytes;
    }
    return NULL;
}

/* Whether the scan's tables of a component exist. */
static bool huffman_defined(struct jpegscan *scan, unsigned select, unsigned first, unsigned high)
{
    unsigned dc = scan->tables[JPEGSCAN_DC] >> (select >> 4) & 1;
    unsigned ac = scan->tables[JPEGSCAN_AC] >> (select & 15) & 1;
    if (scan->progressive)
        return first ? ac : dc || high;
    bool none = !scan->tables[JPEGSCAN_DC] && !scan->tables[JPEGSCAN_AC];
    if (none && (select & ~0x11u) == 0)
        scan->no_huffman = true;
    return scan->no_huffman ? none : dc && ac;
}

static const char *read_scan(struct jpegscan *scan, const uint8_t *p, size_t n)
{
    unsigned count = n ? p[0] : 0;
    if (!scan->components)
        return "no frame header";
    if (count < 1 || count > scan->components || n != 4 + 2 * (size_t)count)
        return "bad scan header";
    unsigned first = p[n - 3], final = p[n - 2], high = p[n - 1] >> 4;
    if (scan->progressive &&
        (final > 63 || first > final || (!first && final) || (first && count > 1)))
        return "bad scan header";
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *c = p + 1 + 2 * (size_t)i, *id = memchr(scan->id, c[0], scan->components);
        unsigned at = id ? (unsigned)(id - scan->id) : 0;
        if (!id || c[1] >> 4 > 3 || (c[1] & 15) > 3)
            return "bad scan header";
        if (!(scan->tables[JPEGSCAN_QUANTIZATION] >> scan->quantization[at] & 1))
            return "no quantization table";
        if (!huffman_defined(scan, c[1], first, high))
            return "no Huffman table";
        scan->scanned |= 1u << at;
    }
    scan->scans++;
    return NULL;
}

static const char *read_segment(struct jpegscan *scan, unsigned marker, const uint8_t *p, size_t n)
{
    if (marker == DQT)
        return read_quantization(scan, p, n);
    if (marker == DHT)
        return read_huffman(scan, p, n);
    if (marker == SOS)
        return read_scan(scan, p, n);
    if (marker >= SOF0 && marker <= SOF15)
        return read_frame(scan, marker, p, n);
    if (marker == DRI || marker == DNL)
        return n == 2 ? NULL : "bad segment length";
    if ((marker < APP0 || marker > APP15) && marker != COM)
        return "unknown marker";
    if (marker == APP0 && !scan->last)
        scan->insert = scan->at + 4 + n;
    if (marker == COM && !scan->comment && !scan->scans && jpegcomment_parse(p, n, &scan->old)) {
        scan->comment = scan->at;
        scan->comment_bytes = COMMENT_HEAD + n;
    }
    return NULL;
}

static enum jpegscan_state damaged(struct jpegscan *scan, size_t next, const char *why)
{
    scan->at = next;
    scan->why = why;
    return JPEGSCAN_DAMAGED;
}

/* Skips entropy-coded data and restart markers. false: no other marker has arrived. */
static bool skip_entropy(struct jpegscan *scan, const uint8_t *jpeg, size_t have)
{
    const uint8_t *p = jpeg + scan->at, *end = jpeg + have;
    while ((p = memchr(p, 0xff, (size_t)(end - p))) && end - p > 1) {
        if (p[1] && (p[1] & 0xf8) != RST0 && p[1] != 0xff) {
            scan->at = (size_t)(p - jpeg);
            return true;
        }
        p += p[1] == 0xff ? 1 : 2;
    }
    scan->at = p ? (size_t)(p - jpeg) : have;
    return false;
}

static enum jpegscan_state end(struct jpegscan *scan)
{
    if (!scan->scans || scan->scanned + 1 != 1u << scan->components)
        return damaged(scan, scan->at + 2, "ends before its data");
    scan->at += 2;
    return JPEGSCAN_WHOLE;
}

enum jpegscan_state jpegscan_more(struct jpegscan *scan, const uint8_t *jpeg, size_t have)
{
    if (!scan->at)
        scan->at = scan->insert = 2;
    for (;;) {
        if (scan->entropy) {
            if (!skip_entropy(scan, jpeg, have))
                return JPEGSCAN_MORE;
            if (scan->at == scan->entropy)
                return damaged(scan, scan->at, "a scan without data");
            scan->entropy = 0;
            scan->last = scan->at;
        }
        if (have < scan->at + 2)
            return JPEGSCAN_MORE;
        unsigned marker = jpeg[scan->at + 1];
        if (jpeg[scan->at] != 0xff) /* the last segment's length was wrong */
            return damaged(scan, scan->last + 2, "no marker where a segment ends");
        if (marker == 0xff) { /* fill byte */
            scan->at++;
            continue;
        }
        if (marker == EOI)
            return end(scan);
        if (marker == SOI)
            return damaged(scan, scan->at, "the next JPEG begins within it");
        if (marker < SOF0 || (marker & 0xf8) == RST0)
            return damaged(scan, scan->at + 2, "unknown marker");
        if (have < scan->at + 4)
            return JPEGSCAN_MORE;
        size_t length = two(jpeg + scan->at + 2);
        if (length < 2)
            return damaged(scan, scan->at + 2, "bad segment length");
        if (have - scan->at - 2 < length)
            return JPEGSCAN_MORE;
        const char *why = read_segment(scan, marker, jpeg + scan->at + 4, length - 2);
        if (why)
            return damaged(scan, scan->at + 2, why);
        scan->last = scan->at;
        scan->at += 2 + length;
        if (marker == SOS)
            scan->entropy = scan->at;
    }
}

size_t jpegscan_drop(struct jpegscan *scan)
{
    /* Within entropy-coded data nothing is read again. SOI's two bytes stay in the count, as offset
     * 0 means none. */
    size_t keep = scan->entropy ? scan->at : scan->last;
    if (keep < 3)
        return 0;
    size_t drop = keep - 3;
    scan->at -= drop;
    scan->last = scan->last > drop ? scan->last - drop : 0;
    if (scan->entropy) /* 1: some data has been seen */
        scan->entropy = scan->entropy > drop ? scan->entropy - drop : 1;
    return drop;
}

size_t jpegscan_bound(const struct jpegscan *scan, size_t comment_bytes)
{
    return scan->at + COMMENT_HEAD + comment_bytes + sizeof standard_huffman;
}

static uint8_t *put(uint8_t *out, const void *data, size_t bytes)
{
    memcpy(out, data, bytes);
    return out + bytes;
}

size_t jpegscan_copy(const struct jpegscan *scan, const uint8_t *jpeg, const char *comment,
                     size_t comment_bytes, uint8_t *out, size_t room)
{
    const uint8_t head[COMMENT_HEAD] = {0xff, COM, (uint8_t)((comment_bytes + 2) >> 8),
                                        (uint8_t)(comment_bytes + 2)};
    size_t rest = scan->insert;
    uint8_t *at = out;
    if (jpegscan_bound(scan, comment_bytes) > room)
        return 0;
    at = put(at, jpeg, scan->insert);
    at = put(at, head, sizeof head);
    at = put(at, comment, comment_bytes);
    if (scan->no_huffman)
        at = put(at, standard_huffman, sizeof standard_huffman);
    if (scan->comment) { /* left out */
        at = put(at, jpeg + rest, scan->comment - rest);
        rest = scan->comment + scan->comment_bytes;
    }
    at = put(at, jpeg + rest, scan->at - rest);
    return (size_t)(at - out);
}
