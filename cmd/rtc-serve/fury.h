/* Offers and answers as FURY 0.x exchanges them: JSON, {"sdp":…,"type":…}. */
#ifndef FURY_H
#define FURY_H

#include <stddef.h>

/* The SDP of an offer in malloc'ed memory, or NULL: not an offer. */
char *fury_read_offer(const char *text, size_t bytes);

/* The answer with this SDP in malloc'ed memory, or NULL. */
char *fury_write_answer(const char *sdp);

#endif
