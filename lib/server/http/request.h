/* The parts of a request, out of libwebsockets' tables. Valid in the callbacks for a request's
 * headers, and until the next request of the connection. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

enum { REQUEST_HOST_BYTES = 512 /* room for a Host; requests with a longer one are refused */ };

/* A header's value; "" if it is absent, empty or longer than room. Returns out. */
const char *request_header(struct lws *wsi, enum lws_token_indexes token, char *out, int room);

/* The same for a header without a token in lws; name in lower case, with its colon. */
const char *request_named_header(struct lws *wsi, const char *name, char *out, int room);

/* The decoded path, or NULL: not one. *method is a LWSHUMETH_… or -1. */
const char *request_path(struct lws *wsi, int *method);

/* The i-th argument after the question mark; "" if it is too long or has a NUL in it, which
 * libwebsockets lets pass from 4.3 on. false: no more. */
bool request_argument(struct lws *wsi, int i, char *out, int room);

/* Whether the version is HTTP/1.x. */
bool request_version_known(struct lws *wsi);

/* Whether a body follows. If it is pipelined after another request, lws 4.1 never finds its end and
 * the whole loop hangs; so the connection closes after the answer to a request with a body. */
bool request_has_body(struct lws *wsi);

/* The length of the body that follows: -1: not given, or not in digits. */
int64_t request_body_length(struct lws *wsi);

/* Whether the body is of this media type. */
bool request_is_type(struct lws *wsi, const char *type);

/* Whether If-None-Match names this entity tag. Weak tags match, and so does *. */
bool request_is_cached(struct lws *wsi, const char *tag);

/* The part of a body of `bytes` bytes that a Range header asks for: RANGE_PART, and its first byte
 * and length; RANGE_NONE if it has no such part. RANGE_ALL without such a header, or with one of
 * several parts or for another version than the one with this entity tag. */
enum range { RANGE_ALL, RANGE_PART, RANGE_NONE };
enum range request_range(struct lws *wsi, const char *tag, uint64_t bytes, uint64_t *first,
                         uint64_t *length);

/* Whether a person waits for the answer: only browsers' windows and frames accept HTML by name. */
bool request_wants_page(struct lws *wsi);

#endif
