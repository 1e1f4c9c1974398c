#include "protocol.h"
#include "conn.h"
#include "connlimit.h"
#include "http.h"
#include "response.h"
#include "ws.h"
#include <stdlib.h>

struct client {
    struct conn *conn;
    struct http *http;
    struct ws *ws; /* NULL: no WebSocket */
};

static void client_free(struct client *client)
{
    ws_free(client->ws);
    http_free(client->http);
    conn_free(client->conn);
    free(client);
}

struct client *protocol_client_new(struct site *site, struct connlimit *limit)
{
    struct client *client = calloc(1, sizeof *client);
    struct conn *conn = client ? conn_new(site, limit) : NULL;
    if (!conn) {
        connlimit_drop(limit);
        free(client);
        return NULL;
    }
    client->conn = conn;
    client->http = http_new(conn);
    if (client->http)
        return client;
    client_free(client);
    return NULL;
}

/* lws may report the end of a connection in several ways. */
static void on_closed(struct client *client)
{
    ws_free(client->ws);
    client->ws = NULL;
    http_closed(client->http);
    conn_closed(client->conn);
}

static int on_writable(struct client *client, bool websocket)
{
    if (websocket && lws_get_close_length(conn_wsi(client->conn))) {
        if (client->ws)
            ws_end_viewer(client->ws);
        conn_close_sent(client->conn);
        return 0;
    }
    if (conn_is_closing(client->conn))
        return conn_write_close(client->conn, websocket);
    if (client->ws)
        return ws_write(client->ws);
    return websocket ? 0 : http_write(client->http);
}

static int on_client_closes(struct client *client, const char *data, size_t bytes)
{
    /* A close frame of ours that is still pending has a better reason. */
    if (conn_is_closing(client->conn))
        return conn_write_close(client->conn, true);
    return client->ws ? ws_client_closes(client->ws, data, bytes) : 0;
}

int protocol_event(struct lws *wsi, enum lws_callback_reasons reason, const char *data,
                   size_t bytes)
{
    struct client *client;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
    case LWS_CALLBACK_RAW_RX:
        client = lws_get_opaque_user_data(wsi);
        break;
    default:
        return 0;
    }
    if (!client) /* the listening socket */
        return 0;
    conn_set_wsi(client->conn, wsi);
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return http_handshake(client->http);
    case LWS_CALLBACK_HTTP:
        return http_request(client->http);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(client->http, data, bytes);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(client->http);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(client, false);
    case LWS_CALLBACK_ESTABLISHED:
        client->ws = ws_new(client->conn, http_credentials(client->http));
        return client->ws ? 0 : -1;
    case LWS_CALLBACK_RECEIVE:
        return client->ws ? ws_receive(client->ws, data, bytes) : 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_client_closes(client, data, bytes);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(client, true);
    case LWS_CALLBACK_RAW_RX:
        response_to_garbage(client->conn, data, bytes);
        return -1;
    case LWS_CALLBACK_WSI_DESTROY:
        client_free(client);
        return 0;
    default:
        on_closed(client);
        return 0;
    }
}
