/* Parts of SDP lines (RFC 8866). */
#ifndef SDP_H
#define SDP_H

#include <gst/sdp/gstsdpmessage.h>
#include <stdbool.h>
#include <stddef.h>

/* True if text has min to max characters, each a letter, a digit or one of others. */
bool sdp_is_made_of(const char *text, size_t min, size_t max, const char *others);

bool sdp_is_token(const char *text); /* a token of at most 64 characters; NULL is none */

/* The number at text, 0 to max, that ends the text or precedes one of the characters ends; -1:
 * none. */
int sdp_number(const char *text, int max, const char *ends);

/* The value of an attribute for one payload type: VALUE of "a=fmtp:96 VALUE". NULL: none. */
const char *sdp_format_value(const GstSDPMedia *media, const char *key, int payload);

/* A parameter of a fmtp value, up to its semicolon or the end: "2" for b in "a=1;b=2". NULL: none;
 * fmtp may be NULL. */
const char *sdp_parameter(const char *fmtp, const char *name);

/* Adds the attribute key with a formatted value. */
void sdp_add(GstSDPMedia *media, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
