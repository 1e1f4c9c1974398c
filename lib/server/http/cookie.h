/*
 * The cookie that represents a token in a browser.
 *
 * Browsers send it to every port of the host, so programs of other users may get to see it. Its
 * value is useless to them: it holds for this Host only, and, from this machine, only for programs
 * of the same user.
 */
#ifndef SERVER_COOKIE_H
#define SERVER_COOKIE_H

#include <stddef.h>
#include "token.h"

struct lws;
struct site;

enum { COOKIE_DIGEST = 32 /* bytes */, COOKIE_BYTES = 512 };

/* The role of the best cookie of a request, as there may be several, and the digest of its token.
 * ROLE_NONE: no cookie is valid. */
enum role cookie_role(const struct site *site, struct lws *wsi, unsigned char token[TOKEN_DIGEST]);

/* The value of Set-Cookie that represents this token in the answer to a request. */
void cookie_make(const struct site *site, struct lws *wsi, const unsigned char token[TOKEN_DIGEST],
                 char out[COOKIE_BYTES]);

/* Whether a request came to a browser's TLS, here or at a proxy. */
bool cookie_is_secure(const struct site *site, struct lws *wsi);

/* The next cookie of ours, from *text on, which moves to its end. */
bool cookie_next(const char **text, unsigned char digest[COOKIE_DIGEST]);

/* The Path for the value of X-Forwarded-Prefix; "": it is unusable. */
const char *cookie_path(char *prefix);

#endif
