#include "response.h"
#include "conn.h"
#include "cors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 4096,
    CHUNK_BYTES = 1 << 16, /* part of a body that is sent at a time */
    BODY_SECONDS = 30      /* time after which a client that takes no chunk is cut off */
};

struct response {
    struct conn *conn;
    bool head; /* the method is HEAD: no body */
    bool has_cors, preflight;
    const char *cors_allowed;
    bool shared;
    enum policy policy;
    const char *body;      /* NULL: none is being sent */
    size_t at, bytes;      /* position in the body, its length */
    char *owned;           /* the body, to be freed, or NULL */
    int file;              /* the body, to be closed, or 0 */
    uint64_t first;        /* where the body begins in the file */
    struct packet *packet; /* the packet that the body is in, or NULL */
    struct packet_pool *pool;
};

/* The bytes of one write, shared by all responses: only the main thread uses it. */
static struct {
    unsigned char bytes[LWS_PRE + HEAD_BYTES + CHUNK_BYTES];
    unsigned char *at;
} out;

struct response *response_new(struct conn *conn)
{
    struct response *response = calloc(1, sizeof *response);
    if (response)
        response->conn = conn;
    return response;
}

void response_free(struct response *response)
{
    if (response)
        response_drop(response);
    free(response);
}

void response_reset(struct response *response, bool head)
{
    response->head = head;
    response->has_cors = response->preflight = false;
    response->shared = false;
    response->policy = POLICY_BUILT_IN;
    response->cors_allowed = NULL;
}

void response_set_cors(struct response *response, const char *allowed, bool preflight)
{
    response->has_cors = true;
    response->cors_allowed = allowed;
    response->preflight = preflight;
}

void response_set_shared(struct response *response, bool shared)
{
    response->shared = shared;
}

void response_set_policy(struct response *response, enum policy policy)
{
    response->policy = policy;
}

bool response_is_busy(const struct response *response)
{
    return response->body;
}

void response_drop(struct response *response)
{
    if (response->packet)
        packet_release(response->pool, response->packet);
    if (response->file) {
        close(response->file);
        conn_site(response->conn)->files--;
    }
    free(response->owned);
    response->file = 0;
    response->packet = NULL;
    response->owned = NULL;
    response->body = NULL;
}

/* --- writing --- */

static struct lws *wsi_of(const struct response *response)
{
    return conn_wsi(response->conn);
}

static int complete(struct response *response)
{
    return lws_http_transaction_completed(wsi_of(response)) ? -1 : 0;
}

static int flush(struct response *response, enum lws_write_protocol protocol)
{
    unsigned char *start = out.bytes + LWS_PRE;
    int bytes = (int)(out.at - start);
    return lws_write(wsi_of(response), start, (size_t)bytes, protocol) < bytes ? -1 : 0;
}

static int add_line(struct lws *wsi, const char *name, const char *value)
{
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), &out.at,
                                       out.bytes + LWS_PRE + HEAD_BYTES);
}

static int add_lines(struct lws *wsi, const char *lines)
{
    while (lines && *lines) {
        const char *value = lines + strlen(lines) + 1;
        if (add_line(wsi, lines, value))
            return -1;
        lines = value + strlen(value) + 1;
    }
    return 0;
}

/* Begins a write with the header. type NULL: an answer without a body. */
static int add_head(struct response *response, unsigned status, const char *type,
                    lws_filepos_t bytes, const char *extra)
{
    struct lws *wsi = wsi_of(response);
    const struct site *site = conn_site(response->conn);
    unsigned char *end = out.bytes + LWS_PRE + HEAD_BYTES;
    out.at = out.bytes + LWS_PRE;
    if (type ? lws_add_http_common_headers(wsi, status, type, bytes, &out.at, end)
             : lws_add_http_header_status(wsi, status, &out.at, end))
        return -1;
    if (site->hsts && lws_is_ssl(wsi)) {
        char age[32];
        snprintf(age, sizeof age, "max-age=%u", site->hsts);
        if (add_line(wsi, "strict-transport-security:", age))
            return -1;
    }
    if (add_lines(wsi, site->policy[response->policy]) || add_lines(wsi, extra) ||
        (response->has_cors &&
         add_lines(wsi, cors_headers(site, response->cors_allowed, response->preflight))) ||
        add_line(wsi, "cross-origin-resource-policy:",
                 response->shared ? "cross-origin" : "same-origin"))
        return -1;
    return lws_finalize_http_header(wsi, &out.at, end) ? -1 : 0;
}

/* Adds the next chunk of the body. -1: the file has become shorter. */
static int add_body(struct response *response)
{
    size_t bytes = response->bytes - response->at;
    if (bytes > CHUNK_BYTES)
        bytes = CHUNK_BYTES;
    if (!response->file) {
        memcpy(out.at, response->body + response->at, bytes);
    } else if (bytes) {
        ssize_t got = pread(response->file, out.at, bytes, (off_t)(response->first + response->at));
        if (got <= 0)
            return -1;
        bytes = (size_t)got;
    }
    out.at += bytes;
    response->at += bytes;
    return 0;
}

/* Sends the header and the first chunk of the body, which is dropped once it is sent. */
static int begin(struct response *response, unsigned status, const char *type, const char *body,
                 size_t bytes, const char *extra)
{
    response->body = body;
    response->at = response->head ? bytes : 0;
    response->bytes = bytes;
    int result = add_head(response, status, type, bytes, extra);
    if (result == 0)
        result = add_body(response);
    if (result == 0)
        result = flush(response, LWS_WRITE_HTTP_HEADERS);
    if (result || response->at == bytes)
        response_drop(response);
    return result;
}

static void await_room(struct response *response)
{
    lws_set_timeout(wsi_of(response), PENDING_TIMEOUT_HTTP_CONTENT, BODY_SECONDS);
    conn_want_write(response->conn);
}

static int send_all(struct response *response, unsigned status, const char *type, const char *body,
                    size_t bytes, const char *extra)
{
    if (begin(response, status, type, body, bytes, extra))
        return -1;
    if (!response->body)
        return complete(response);
    await_room(response);
    return 0;
}

int response_write(struct response *response)
{
    out.at = out.bytes + LWS_PRE;
    if (add_body(response))
        return -1;
    bool last = response->at == response->bytes;
    if (flush(response, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP))
        return -1;
    if (last) {
        response_drop(response);
        return complete(response);
    }
    await_room(response);
    return 0;
}

/* --- kinds of answers --- */

int response_text_raw(struct response *response, unsigned status, const char *extra,
                      const char *text)
{
    char line[256];
    int bytes = snprintf(line, sizeof line, "%s\n", text);
    return begin(response, status, "text/plain; charset=utf-8", line, (size_t)bytes, extra);
}

int response_text(struct response *response, unsigned status, const char *extra, const char *text)
{
    return response_text_raw(response, status, extra, text) ? -1 : complete(response);
}

int response_text_last(struct response *response, unsigned status, const char *extra,
                       const char *text)
{
    response_text_raw(response, status, extra, text);
    return -1;
}

int response_head(struct response *response, unsigned status, const char *extra)
{
    return add_head(response, status, NULL, 0, extra) || flush(response, LWS_WRITE_HTTP_HEADERS)
               ? -1
               : complete(response);
}

int response_endless(struct response *response, const char *type)
{
    return add_head(response, HTTP_STATUS_OK, type, LWS_ILLEGAL_HTTP_CONTENT_LEN, NULL) ||
                   flush(response, LWS_WRITE_HTTP_HEADERS)
               ? -1
               : 0;
}

int response_static(struct response *response, const char *type, const char *body, size_t bytes)
{
    return send_all(response, HTTP_STATUS_OK, type, body, bytes, NULL);
}

int response_owned(struct response *response, unsigned status, const char *type, const char *extra,
                   char *body, size_t bytes)
{
    if (!body)
        return -1;
    response->owned = body;
    return send_all(response, status, type, body, bytes, extra);
}

int response_packet(struct response *response, struct packet_pool *pool, struct packet *packet,
                    const char *extra)
{
    response->packet = packet_hold(packet);
    response->pool = pool;
    return send_all(response, HTTP_STATUS_OK, "image/jpeg", (const char *)packet->data,
                    packet->meta.bytes, extra);
}

int response_file(struct response *response, unsigned status, int fd, uint64_t first,
                  uint64_t bytes, const char *type, const char *extra)
{
    conn_site(response->conn)->files++;
    response->file = fd;
    response->first = first;
    return send_all(response, status, type, "", (size_t)bytes, extra);
}

void response_to_garbage(struct conn *conn, const char *data, size_t bytes)
{
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                              "Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot HTTP\n";
    static const char method[] = "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n"
                                 "Allow: GET, HEAD\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 18\r\n\r\nonly GET and HEAD\n";
    size_t word = 0;
    while (word < bytes && data[word] >= 'A' && data[word] <= 'Z')
        word++;
    bool request = word > 0 && word + 1 < bytes && data[word] == ' ' &&
                   (data[word + 1] == '/' || strncmp(data, "CONNECT", word) == 0);
    size_t size = (request ? sizeof method : sizeof bad) - 1;
    memcpy(out.bytes + LWS_PRE, request ? method : bad, size);
    lws_write(conn_wsi(conn), out.bytes + LWS_PRE, size, LWS_WRITE_RAW);
}
