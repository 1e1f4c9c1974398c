/* Offers and answers in JSON, {"sdp":…,"type":…}, as FURY 0.x has them. */
#ifndef FURY_H
#define FURY_H

#include <stddef.h>

/* The SDP of an offer in malloc'ed memory, or NULL: it is none. */
char *fury_offer(const char *text, size_t bytes);

/* An answer in malloc'ed memory, or NULL. */
char *fury_answer(const char *sdp);

#endif
