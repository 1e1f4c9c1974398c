/*
 * A client of HTTP/1.1, for one request at a time, over TLS with the system's certificates if the
 * URL is https. It follows no redirection and uses no proxy. All of this runs in the server's loop.
 */
#ifndef SERVER_HTTPCLIENT_H
#define SERVER_HTTPCLIENT_H

#include <libwebsockets.h>
#include <stddef.h>
#include "weburl.h"

enum {
    HTTPCLIENT_BODY = 1 << 16, /* longest body that is received */
    HTTPCLIENT_LINKS = 4096,
    HTTPCLIENT_VALUE = 256
};

struct httpclient;

/* Strings must outlive the request. */
struct httprequest {
    const char *method;
    const struct weburl *url;
    const char *token; /* of a Bearer, or NULL */
    const char *match; /* the value of If-Match, or NULL */
    const char *type;  /* of the body */
    const char *body;  /* or NULL */
    unsigned ms;       /* longest time in all */
};

struct httpresponse {
    unsigned status;      /* 0: none, and why has the reason */
    unsigned retry_after; /* seconds, or 0 */
    char why[HTTPCLIENT_VALUE];
    /* Header values, or "" for those that are missing or too long. */
    char type[HTTPCLIENT_VALUE], etag[HTTPCLIENT_VALUE];
    char location[WEBURL_PATH + WEBURL_HOST];
    char links[HTTPCLIENT_LINKS]; /* all Link headers, separated by commas */
    char *body;                   /* of status 201, NUL-terminated, else NULL */
    size_t bytes;
};

/* Loads the certificates, so it is to be called before the process is confined. NULL: failed. */
struct httpclient *httpclient_new(struct lws_context *context);
void httpclient_free(struct httpclient *client); /* NULL is allowed */

/* Sends a request, in place of one that is under way. Calls done(user, response) later, from the
 * loop; the response is valid during that call, which may send the next request. */
void httpclient_send(struct httpclient *client, const struct httprequest *request,
                     void (*done)(void *user, const struct httpresponse *response), void *user);

/* Ends the request, if there is one, without the call. */
void httpclient_cancel(struct httpclient *client);

/* The loop was woken: goes on if the host's addresses have been found. */
void httpclient_update(struct httpclient *client);

#endif
