#include "mjpeg.h"
#include "conn.h"
#include "server/stream/delivery.h"
#include "server/stream/streams.h"
#include <stdlib.h>

struct mjpeg {
    struct conn *conn;
    struct viewer *viewer; /* NULL: it has ended */
    struct credentials credentials;
};

static bool ready(void *link)
{
    return conn_can_send(((struct mjpeg *)link)->conn);
}

static enum viewer_sent send_packet(void *link, struct packet *packet,
                                    const struct packet_parts *parts)
{
    (void)parts; /* no client of MJPEG can ask for them */
    size_t bytes;
    unsigned char *part = packet_as_part(packet, &bytes);
    return conn_send(((struct mjpeg *)link)->conn, part, bytes);
}

static bool congested(void *link)
{
    return lws_partial_buffered(conn_wsi(((struct mjpeg *)link)->conn));
}

static uint64_t taken(const void *link, bool *all)
{
    return conn_taken(((const struct mjpeg *)link)->conn, all);
}

static void abort_connection(void *link)
{
    conn_abort(((struct mjpeg *)link)->conn);
}

static void want_write(void *link)
{
    conn_want_write(((struct mjpeg *)link)->conn);
}

static void close_connection(void *link, unsigned code)
{
    struct mjpeg *mjpeg = link;
    mjpeg->viewer = NULL;
    conn_close(mjpeg->conn, code);
}

static bool authorized(const void *link)
{
    const struct mjpeg *mjpeg = link;
    return auth_still_valid(conn_site(mjpeg->conn), &mjpeg->credentials);
}

static void address(const void *link, char *out, size_t size)
{
    conn_address(((const struct mjpeg *)link)->conn, out, size);
}

static const struct viewer_transport transport = {
    .kind = VIEWER_MJPEG,
    .name = "mjpeg",
    .title = "MJPEG",
    .ready = ready,
    .send_packet = send_packet,
    .congested = congested,
    .taken = taken,
    .abort = abort_connection,
    .want_write = want_write,
    .close = close_connection,
    .authorized = authorized,
    .address = address,
};

struct mjpeg *mjpeg_new(struct conn *conn, struct served *served,
                        const struct credentials *credentials)
{
    struct mjpeg *mjpeg = calloc(1, sizeof *mjpeg);
    if (!mjpeg)
        return NULL;
    mjpeg->conn = conn;
    mjpeg->credentials = *credentials;
    mjpeg->viewer = streams_join(served, &transport, mjpeg, credentials->role);
    if (mjpeg->viewer)
        return mjpeg;
    free(mjpeg);
    return NULL;
}

void mjpeg_free(struct mjpeg *mjpeg)
{
    if (mjpeg && mjpeg->viewer)
        viewer_end(mjpeg->viewer);
    free(mjpeg);
}

int mjpeg_write(struct mjpeg *mjpeg)
{
    return mjpeg->viewer ? delivery_write(mjpeg->viewer) : 0;
}
