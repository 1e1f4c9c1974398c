/* URLs of servers, http and https (RFC 3986), and references to them. */
#ifndef SERVER_WEBURL_H
#define SERVER_WEBURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEBURL_HOST = 112 /* lws cuts longer ones */, WEBURL_PATH = 1024 };

struct weburl {
    bool tls;
    char host[WEBURL_HOST]; /* a name, or an address without brackets */
    uint16_t port;
    char path[WEBURL_PATH]; /* from the slash on, with the query */
};

/* An absolute URL of printable ASCII, without user and password; its fragment is left out. false:
 * it is none. */
bool weburl_read(struct weburl *out, const char *text);

/* The URL that text means in a document at base, which may be absolute itself. false: it is none,
 * or leads from https to http. out may be base. */
bool weburl_resolve(struct weburl *out, const struct weburl *base, const char *text);

/* "HOST" or "HOST:PORT", as in the Host header; at most WEBURL_HOST + 8 characters. */
void weburl_authority(const struct weburl *url, char out[WEBURL_HOST + 9]);

#endif
