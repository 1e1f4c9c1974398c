#include "image/imgmagic.h"
#include <string.h>
#include <strings.h>

enum result { NO, YES, MORE };

/* Compares the first bytes with a signature; '?' matches any byte. */
static enum result match(const uint8_t *data, size_t bytes, const char *signature, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i == bytes)
            return MORE;
        if (signature[i] != '?' && (uint8_t)signature[i] != data[i])
            return NO;
    }
    return YES;
}

/* SOI and a marker that may follow it: APPn, COM, tables, or a frame header. */
static enum result match_jpeg(const uint8_t *data, size_t bytes)
{
    enum result start = match(data, bytes, "\xff\xd8\xff", 3);
    if (start != YES || bytes < 4)
        return start == NO ? NO : MORE;
    return (data[3] >= 0xe0 && data[3] <= 0xef) ||
                   memchr("\xfe\xdb\xdd\xc0\xc1\xc2\xc4", data[3], 7)
               ? YES
               : NO;
}

/* "--BOUNDARY\r\nContent-…", possibly after the end of a line */
static enum result match_multipart(const uint8_t *data, size_t bytes)
{
    enum { BOUNDARY = 72 };
    static const char content[] = "Content-";
    size_t at = 2;
    if (bytes && data[0] == '\r')
        return bytes > 1 && data[1] != '\n' ? NO
               : bytes > 2                  ? match_multipart(data + 2, bytes - 2)
                                            : MORE;
    enum result dashes = match(data, bytes, "--", 2);
    if (dashes != YES)
        return dashes;
    while (at < bytes && at < BOUNDARY && data[at] > ' ' && data[at] < 127)
        at++;
    if (at < bytes && data[at] == '\r')
        at++;
    if (at == bytes)
        return MORE;
    if (data[at++] != '\n')
        return NO;
    size_t have = bytes - at < sizeof content - 1 ? bytes - at : sizeof content - 1;
    if (strncasecmp((const char *)data + at, content, have))
        return NO;
    return have == sizeof content - 1 ? YES : MORE;
}

bool imgmagic_find(const uint8_t *data, size_t bytes, const struct imgmagic **found)
{
#define SIGNATURE(text) text, sizeof text - 1
    static const struct {
        const char *signature;
        size_t length;
        struct imgmagic is;
    } known[] = {
        {SIGNATURE("\x89PNG\r\n\x1a\n"), {"PNG", "-f png_pipe -i -"}},
        {SIGNATURE("GIF87a"), {"GIF", "-f gif -i -"}},
        {SIGNATURE("GIF89a"), {"GIF", "-f gif -i -"}},
        {SIGNATURE("BM????\0\0\0\0???\0\x0c\0\0\0"), {"BMP", "-f bmp_pipe -i -"}},
        {SIGNATURE("BM????\0\0\0\0???\0(\0\0\0"), {"BMP", "-f bmp_pipe -i -"}},
        {SIGNATURE("BM????\0\0\0\0???\0@\0\0\0"), {"BMP", "-f bmp_pipe -i -"}},
        {SIGNATURE("BM????\0\0\0\0???\0l\0\0\0"), {"BMP", "-f bmp_pipe -i -"}},
        {SIGNATURE("BM????\0\0\0\0???\0|\0\0\0"), {"BMP", "-f bmp_pipe -i -"}},
        {SIGNATURE("RIFF????AVI "), {"AVI", "-f avi -i -"}},
        {SIGNATURE("RIFF????WEBP"), {"WebP", "-f webp_pipe -i -"}},
        {SIGNATURE("PF\n"), {"PFM", "-f pfm_pipe -i -"}},
        {SIGNATURE("Pf\n"), {"PFM", "-f pfm_pipe -i -"}},
        {SIGNATURE("II*\0"), {"TIFF", "-i FILE"}},
        {SIGNATURE("MM\0*"), {"TIFF", "-i FILE"}},
        {SIGNATURE("\0\0\0?ftyp"), {"MP4", "-i FILE"}},
        {SIGNATURE("\x1a\x45\xdf\xa3"), {"Matroska or WebM", "-f matroska -i -"}},
        {SIGNATURE("OggS\0"), {"Ogg", "-f ogg -i -"}},
        {SIGNATURE("FLV\1"), {"FLV", "-f flv -i -"}},
        {SIGNATURE("qoif"), {"QOI", "-f qoi_pipe -i -"}},
        {SIGNATURE("v/1\1\2\0\0\0"), {"OpenEXR", "-i FILE"}},
        {SIGNATURE("\xff\x4f\xff\x51"), {"JPEG 2000", "-f j2k_pipe -i -"}},
        {SIGNATURE("\0\0\0\x0cjP  \r\n\x87\n"), {"JPEG 2000", "-f j2k_pipe -i -"}},
        {SIGNATURE("nut/multimedia container"), {"NUT", "-f nut -i -"}},
        {SIGNATURE("DKIF\0\0"), {"IVF", "-f ivf -i -"}},
        {SIGNATURE("0&\xb2u\x8e\x66\xcf\x11"), {"ASF", "-f asf -i -"}},
        /* The first packet is that of a service description or of a program association. */
        {SIGNATURE("G@\x11\x10\0\x42\xf0"), {"MPEG-TS", "-f mpegts -i -"}},
        {SIGNATURE("G@\0\x10\0\0\xb0"), {"MPEG-TS", "-f mpegts -i -"}},
        /* A sequence parameter set, of baseline, main or high profile; 27 is that of cameras. */
        {SIGNATURE("\0\0\0\1\x67\x42"), {"H.264", "-f h264 -i -"}},
        {SIGNATURE("\0\0\0\1\x67\x4d"), {"H.264", "-f h264 -i -"}},
        {SIGNATURE("\0\0\0\1\x67\x64"), {"H.264", "-f h264 -i -"}},
        {SIGNATURE("\0\0\0\1\x27\x42"), {"H.264", "-f h264 -i -"}},
        {SIGNATURE("\0\0\0\1\x27\x4d"), {"H.264", "-f h264 -i -"}},
        {SIGNATURE("\0\0\0\1\x27\x64"), {"H.264", "-f h264 -i -"}},
    };
#undef SIGNATURE
    static const struct imgmagic jpeg = {"JPEG", NULL};
    enum result one = match_jpeg(data, bytes), parts = match_multipart(data, bytes), result;
    bool decided = one != MORE && parts != MORE;
    *found = one == YES || parts == YES ? &jpeg : NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0] && !*found; i++) {
        result = match(data, bytes, known[i].signature, known[i].length);
        decided = decided && result != MORE;
        if (result == YES)
            *found = &known[i].is;
    }
    return decided || *found;
}
