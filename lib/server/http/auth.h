/* Authorization: every request and every WebSocket handshake is checked here first. */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include <stdbool.h>
#include "site.h"
#include "token.h"

struct lws;

/* The rights of the client that makes a request. */
struct credentials {
    enum role role;
    unsigned char token[TOKEN_DIGEST]; /* with --token-file: the token that gave the role */
    bool wrong;                        /* a token was given, and the server has no such token */
    bool shared;                       /* the client is an allowed page of another site */
    bool reads_only;                   /* such a page may only read */
};

/* The answer to a request that is refused. */
struct refusal {
    unsigned status;
    const char *extra; /* header lines as response_text takes them, or NULL; valid until the next
                          call */
    const char *why;
};

/* The kind of path that is requested. */
enum auth_path {
    AUTH_PLAIN = 0,
    AUTH_PAGE = 1, /* users open it in a browser's window */
    AUTH_CORS = 2, /* pages of --cors may read it too */
    AUTH_CODE = 4  /* the built-in page's own files, for which no origin is checked: behind a proxy
                      that changes Host the page can report the problem */
};

/* Checks whether a request may be served, and sets *credentials. False: *refusal is the answer, and
 * the role is ROLE_NONE. kinds: of enum auth_path. */
bool auth_admit(const struct site *site, struct lws *wsi, const char *path, unsigned kinds,
                struct credentials *credentials, struct refusal *refusal);

/* Whether the client would still get the same role, after the tokens were reloaded. */
bool auth_still_valid(const struct site *site, const struct credentials *credentials);

/* Whether this host, with or without a port, is a name of the server. Overwrites it. */
bool auth_host(const struct site *site, char *host);

#endif
