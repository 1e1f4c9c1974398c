/* Who gets in, as what, and how many: tokens, TLS, names, origins, addresses. */
#ifndef ACCESS_H
#define ACCESS_H

#include "serve.h"

/* access.c: every request and every handshake. */

/* An answer other than what was asked for. */
struct refusal {
    unsigned status;
    const char
        *extra; /* header lines as http_text takes them, or NULL; valid until the next call */
    const char *why;
};

/* Is this request, or handshake, to be served? Sets conn->role, to ROLE_NONE when it is not: then
 * false, and *refusal is what to answer. Everything that comes goes through here first.
 * page: path is one that is opened in a browser's window. */
bool access_admit(struct conn *conn, const char *path, bool page, struct refusal *refusal);

/* Fills in server->policy. -1: too many origins, or no memory. */
int access_policies(struct server *server);

/* Would conn have the role now that it has got? */
bool access_still(const struct conn *conn);

/* Is this name, with or without a port, one of the server's? Spoils it. */
bool access_host(const struct server *server, char *host);

/* May pages of this origin, scheme://host[:port], use the server as its own may? */
bool access_origin_allowed(const struct server *server, const char *origin);

/* The next cookie of this name with a digest in it, from *text on, which moves behind it. */
bool access_cookie(const char **text, const char *name, unsigned char digest[TOKEN_DIGEST]);

/* token.c: the file of tokens. */

enum { TOKEN_MIN = 16, TOKEN_MAX = 256 };

struct tokens {
    struct token {
        unsigned char digest[TOKEN_DIGEST];
        enum role role;
    } * list;
    size_t count;
};

/* Reads the file. 0; or an exit code, with what is wrong in problem, and *tokens is empty. */
int tokens_load(struct tokens *tokens, const char *path, char *problem, size_t size);

/* What the file holds: NULL; or what is wrong, with *line, and *tokens is empty. */
const char *tokens_parse(struct tokens *tokens, const char *text, size_t bytes, size_t *line);
void tokens_free(struct tokens *tokens);
void token_digest(const char *text, size_t bytes, unsigned char digest[TOKEN_DIGEST]);

/* Takes as long whether there is such a token or not. */
enum role tokens_role(const struct tokens *tokens, const unsigned char digest[TOKEN_DIGEST]);

/* tls.c: certificate and key. */

/* Reads both files into *tls, made where it is NULL. 0; or an exit code, with what is wrong in
 * problem, and *tls is as it was. */
int tls_load(struct tls **tls, const char *cert, const char *key, char *problem, size_t size);
void tls_free(struct tls *tls);

/* Sets up lws's SSL_CTX. */
void tls_setup(struct tls *tls, void *context);

/* reload.c: SIGHUP. */

/* From now on it reloads, where there is something to reload. To be called before any thread. */
void reload_open(const struct server *server);
/* -1: libwebsockets doesn't take it. */
int reload_adopt(struct server *server);
/* It came. */
void reload_take(struct server *server);

/* peer.c: connections of each address. */

/* One more. False: too many. *peer: to be handed to peer_go; NULL where it isn't counted. */
bool peer_come(const struct server *server, const struct sockaddr *from, struct peer **peer);
/* One more of the same, that outlives its connection. False: too many. */
bool peer_keep(const struct server *server, struct peer *peer);
void peer_go(struct peer *peer);

#endif
