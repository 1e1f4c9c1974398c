/* Authorization: every request and every WebSocket handshake is checked here first. */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include <stdbool.h>
#include "site.h"
#include "token.h"

struct lws;

/* Of the client that makes a request. */
struct credentials {
    enum role role;
    unsigned char token[TOKEN_DIGEST]; /* with --token-file: the token that gave the role */
    bool shared;                       /* the client is a page of another site that is allowed */
    bool reads_only;                   /* and allowed to read only */
};

/* The answer to a request that is refused. */
struct refusal {
    unsigned status;
    const char *extra; /* header lines as response_text takes them, or NULL; valid until the next
                          call */
    const char *why;
};

/* Is this request to be served? Sets *credentials. False: *refusal is the answer, and the role is
 * ROLE_NONE. page: path is one that users open in a browser's window. cors: the path's content is
 * for the pages of --cors too. */
bool auth_admit(const struct site *site, struct lws *wsi, const char *path, bool page, bool cors,
                struct credentials *credentials, struct refusal *refusal);

/* Would the client get the same role now, after the tokens were reloaded? */
bool auth_still_valid(const struct site *site, const struct credentials *credentials);

/* Is this host, with or without a port, a name of the server? Overwrites it. */
bool auth_host(const struct site *site, char *host);

/* The next cookie of this name that holds a digest, from *text on, which moves to its end. */
bool auth_cookie(const char **text, const char *name, unsigned char digest[TOKEN_DIGEST]);

#endif
