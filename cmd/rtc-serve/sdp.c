#include "sdp.h"
#include <string.h>

bool sdp_is_made_of(const char *text, size_t min, size_t max, const char *others)
{
    size_t n = 0;
    for (; text[n]; n++)
        if (n == max || (!g_ascii_isalnum(text[n]) && !strchr(others, text[n])))
            return false;
    return n >= min;
}

bool sdp_is_token(const char *text)
{
    return text && sdp_is_made_of(text, 1, 64, "-._!#$%&'*+^`{|}~");
}

int sdp_number(const char *text, int max, const char *ends)
{
    int n = 0;
    if (!g_ascii_isdigit(*text))
        return -1;
    for (; g_ascii_isdigit(*text); text++)
        if ((n = n * 10 + (*text - '0')) > max)
            return -1;
    return !*text || strchr(ends, *text) ? n : -1;
}

const char *sdp_format_value(const GstSDPMedia *media, const char *key, int payload)
{
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        if (strcmp(a->key, key) || !a->value || sdp_number(a->value, 127, " ") != payload)
            continue;
        const char *value = strchr(a->value, ' ');
        return value ? value + 1 : "";
    }
    return NULL;
}

const char *sdp_parameter(const char *fmtp, const char *name)
{
    size_t n = strlen(name);
    while (fmtp && *fmtp) {
        fmtp += strspn(fmtp, " ;");
        if (!g_ascii_strncasecmp(fmtp, name, n) && fmtp[n] == '=')
            return fmtp + n + 1;
        fmtp = strchr(fmtp, ';');
    }
    return NULL;
}

void sdp_add(GstSDPMedia *media, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *value = g_strdup_vprintf(format, args);
    va_end(args);
    gst_sdp_media_add_attribute(media, key, value);
    g_free(value);
}
