#include "snapshot.h"
#include "conn.h"
#include "request.h"
#include "response.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct snapshot {
    struct snapshot_waiter waiter;
    struct conn *conn;
    struct served *served;
};

static void on_ready(struct snapshot_waiter *waiter)
{
    conn_want_write(lws_container_of(waiter, struct snapshot, waiter)->conn);
}

struct snapshot *snapshot_await(struct conn *conn, struct served *served)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    snapshot->waiter.ready = on_ready;
    snapshot->conn = conn;
    snapshot->served = served;
    if (served_await_fresh(served, &snapshot->waiter))
        return snapshot;
    free(snapshot);
    return NULL;
}

struct served *snapshot_ready(const struct snapshot *snapshot)
{
    return snapshot->served->stale ? NULL : snapshot->served;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot)
        served_forget_waiter(&snapshot->waiter);
    free(snapshot);
}

int snapshot_send(struct conn *conn, struct response *response, struct served *served)
{
    char extra[64];
    struct packet *packet = served_newest(served);
    if (!packet)
        return served->reader.stream
                   ? response_text(response, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL,
                                   "no picture yet")
                   : response_text(response, HTTP_STATUS_GONE, NULL, "the stream was removed");
    int n = snprintf(extra, sizeof extra - 2, "etag:%c\"%016" PRIx64 "-%" PRIu64 "\"", 0,
                     packet->generation, packet->meta.number);
    extra[n + 1] = 0; /* the end of the lines */
    if (request_is_cached(conn_wsi(conn), extra + sizeof "etag:"))
        return response_head(response, HTTP_STATUS_NOT_MODIFIED, extra);
    return response_packet(response, &served->packets, packet, extra);
}
