#include "httpclient.h"
#include "resolve.h"
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct httpclient {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct httprequest request;
    struct resolve *resolve; /* NULL: the host is an address */
    int tried;               /* addresses, so far */
    struct lws *wsi;         /* the connection, or NULL */
    void (*done)(void *user, const struct httpresponse *response); /* NULL: no request */
    void *user;
    lws_sorted_usec_list_t deadline, finished;
    bool sent; /* the body */
    bool over; /* the response is complete, or has failed */
    struct httpresponse response;
};

/* --- the end of a request --- */

/* Lets go of the connection: its further events are ignored. */
static void disconnect(struct httpclient *client)
{
    if (!client->wsi)
        return;
    lws_set_wsi_user(client->wsi, NULL);
    lws_set_timeout(client->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    client->wsi = NULL;
}

void httpclient_cancel(struct httpclient *client)
{
    disconnect(client);
    resolve_free(client->resolve);
    client->resolve = NULL;
    lws_sul_cancel(&client->deadline);
    lws_sul_cancel(&client->finished);
    client->done = NULL;
}

static void on_finished(lws_sorted_usec_list_t *timer)
{
    struct httpclient *client = lws_container_of(timer, struct httpclient, finished);
    struct httpresponse response = client->response;
    void (*done)(void *user, const struct httpresponse *response) = client->done;
    client->response.body = NULL;
    httpclient_cancel(client);
    done(client->user, &response);
    free(response.body);
}

/* Reports the response in the next round of the loop. */
static void finish(struct httpclient *client)
{
    client->over = true;
    lws_sul_schedule(client->context, 0, &client->finished, on_finished, 1);
}

static void fail(struct httpclient *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct httpclient *client, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(client->response.why, sizeof client->response.why, format, args);
    va_end(args);
    for (char *c = client->response.why; *c; c++) /* may quote the server */
        if (*c < ' ' || *c > '~')
            *c = '?';
    client->response.status = 0;
    finish(client);
}

static void on_deadline(lws_sorted_usec_list_t *timer)
{
    struct httpclient *client = lws_container_of(timer, struct httpclient, deadline);
    disconnect(client);
    fail(client, "no answer in time");
}

/* --- connecting --- */

/* false: failed. */
static bool connect_to(struct httpclient *client, const char *address)
{
    const struct weburl *url = client->request.url;
    char host[WEBURL_HOST + 9];
    weburl_authority(url, host);
    const struct lws_client_connect_info info = {
        .context = client->context,
        .vhost = client->vhost,
        .address = address,
        .port = url->port,
        .ssl_connection = (url->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = url->path,
        .host = host,
        .method = client->request.method,
        .protocol = "whip",
        .alpn = "http/1.1",
        .userdata = client,
    };
    client->tried++;
    client->wsi = lws_client_connect_via_info(&info);
    return client->wsi;
}

/* Connects to the next address. false: there is none, or no connection to any. */
static bool connect_next(struct httpclient *client)
{
    while (client->resolve && client->tried < resolve_count(client->resolve))
        if (connect_to(client, resolve_address(client->resolve, client->tried)))
            return true;
    return false;
}

void httpclient_update(struct httpclient *client)
{
    if (!client->done || client->wsi || client->tried || !client->resolve)
        return;
    int count = resolve_count(client->resolve);
    if (count == 0)
        fail(client, "no such host");
    else if (count > 0 && !connect_next(client))
        fail(client, "no connection");
}

static void notify(void *context)
{
    lws_cancel_service(context);
}

void httpclient_send(struct httpclient *client, const struct httprequest *request,
                     void (*done)(void *user, const struct httpresponse *response), void *user)
{
    unsigned char address[sizeof(struct in6_addr)];
    const char *host = request->url->host;
    httpclient_cancel(client);
    free(client->response.body);
    client->response = (struct httpresponse){0};
    client->request = *request;
    client->done = done;
    client->user = user;
    client->tried = 0;
    client->sent = client->over = false;
    lws_sul_schedule(client->context, 0, &client->deadline, on_deadline,
                     (lws_usec_t)request->ms * 1000);
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        if (!connect_to(client, host))
            fail(client, "no connection");
        return;
    }
    client->resolve = resolve_start(host, notify, client->context);
    if (!client->resolve)
        fail(client, "no memory or thread to look up the host");
}

/* --- events of the connection --- */

static int add_header(struct lws *wsi, const char *name, const char *prefix, const char *value,
                      unsigned char **at, unsigned char *end)
{
    char text[4096];
    int bytes = snprintf(text, sizeof text, "%s%s", prefix, value);
    return bytes >= (int)sizeof text ||
           lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)text, bytes, at, end);
}

static int add_headers(const struct httpclient *client, struct lws *wsi, unsigned char **at,
                       unsigned char *end)
{
    const struct httprequest *request = &client->request;
    char length[24];
    if (request->token && add_header(wsi, "Authorization:", "Bearer ", request->token, at, end))
        return -1;
    if (request->match && add_header(wsi, "If-Match:", "", request->match, at, end))
        return -1;
    if (!request->body)
        return 0;
    snprintf(length, sizeof length, "%zu", strlen(request->body));
    if (add_header(wsi, "Content-Type:", "", request->type, at, end) ||
        add_header(wsi, "Content-Length:", "", length, at, end))
        return -1;
    lws_client_http_body_pending(wsi, 1);
    lws_callback_on_writable(wsi);
    return 0;
}

static int send_body(struct httpclient *client, struct lws *wsi)
{
    size_t bytes = client->request.body ? strlen(client->request.body) : 0;
    if (client->sent || !bytes)
        return 0;
    unsigned char *copy = malloc(LWS_PRE + bytes);
    if (!copy)
        return -1;
    memcpy(copy + LWS_PRE, client->request.body, bytes);
    int written = lws_write(wsi, copy + LWS_PRE, bytes, LWS_WRITE_HTTP_FINAL);
    free(copy);
    client->sent = true;
    lws_client_http_body_pending(wsi, 0);
    return written < (int)bytes ? -1 : 0;
}

static void take_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    if (lws_hdr_copy(wsi, out, (int)size, token) <= 0)
        *out = 0;
}

/* Takes the status and the headers. -1: there is no more to wait for. */
static int take_head(struct httpclient *client, struct lws *wsi)
{
    struct httpresponse *response = &client->response;
    char seconds[16];
    response->status = lws_http_client_http_response(wsi);
    take_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, response->type, sizeof response->type);
    take_header(wsi, WSI_TOKEN_HTTP_ETAG, response->etag, sizeof response->etag);
    take_header(wsi, WSI_TOKEN_HTTP_LOCATION, response->location, sizeof response->location);
    take_header(wsi, WSI_TOKEN_HTTP_LINK, response->links, sizeof response->links);
    take_header(wsi, WSI_TOKEN_HTTP_RETRY_AFTER, seconds, sizeof seconds);
    response->retry_after = (unsigned)strtoul(seconds, NULL, 10);
    if (response->status == 201)
        return 0;
    finish(client);
    return -1;
}

static int take_body(struct httpclient *client, const char *data, size_t bytes)
{
    struct httpresponse *response = &client->response;
    if (bytes > HTTPCLIENT_BODY - response->bytes) {
        fail(client, "an answer of more than %d bytes", HTTPCLIENT_BODY);
        return -1;
    }
    char *body = realloc(response->body, response->bytes + bytes + 1);
    if (!body) {
        fail(client, "no memory");
        return -1;
    }
    memcpy(body + response->bytes, data, bytes);
    response->body = body;
    response->bytes += bytes;
    body[response->bytes] = 0;
    return 0;
}

/* Reads more of the body, which lws hands over with another event. */
static int read_body(struct lws *wsi)
{
    char buffer[LWS_PRE + 4096], *at = buffer + LWS_PRE;
    int bytes = sizeof buffer - LWS_PRE;
    return lws_http_client_read(wsi, &at, &bytes);
}

/* There is no connection. in: the reason from lws, which names no fault of a certificate. */
static void fail_connection(struct httpclient *client, struct lws *wsi, const char *in,
                            size_t bytes)
{
    SSL *ssl = lws_get_ssl(wsi);
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    if (verified != X509_V_OK)
        fail(client, "no connection: certificate: %s", X509_verify_cert_error_string(verified));
    else
        fail(client, "no connection: %.*s", (int)bytes, in ? in : "");
}

static int on_event(struct httpclient *client, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t bytes)
{
    bool gone = reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR ||
                reason == LWS_CALLBACK_CLOSED_CLIENT_HTTP || reason == LWS_CALLBACK_WSI_DESTROY;
    if (gone)
        client->wsi = NULL;
    if (client->over)
        return gone ? 0 : -1;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
        unsigned char **at = in;
        return add_headers(client, wsi, at, *at + bytes);
    }
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return send_body(client, wsi);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return take_head(client, wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_body(wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return take_body(client, in, bytes);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        finish(client);
        return -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (!connect_next(client))
            fail_connection(client, wsi, in, bytes);
        return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        if (!client->response.status)
            fail(client, "the connection was closed");
        else
            finish(client);
        return 0;
    default:
        return 0;
    }
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t bytes)
{
    struct httpclient *client = user;
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        return client && client->done && (!client->wsi || client->wsi == wsi)
                   ? on_event(client, wsi, reason, in, bytes)
                   : 0;
    default:
        return 0; /* some come without a connection */
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "whip", .callback = callback, .rx_buffer_size = 4096, .tx_packet_size = 1 << 20},
    {0},
};

struct httpclient *httpclient_new(struct lws_context *context)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .vhost_name = "whip",
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .http_proxy_address = "", /* else that of the environment */
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    struct httpclient *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->context = context;
    client->vhost = lws_create_vhost(context, &info);
    if (client->vhost)
        return client;
    free(client);
    return NULL;
}

void httpclient_free(struct httpclient *client)
{
    if (!client)
        return;
    httpclient_cancel(client);
    free(client->response.body);
    free(client);
}
