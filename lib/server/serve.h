/*
 * What the files of a server share. One thread runs the libwebsockets loop and does everything;
 * beside it each source has a waiter, which sleeps until a picture comes and then wakes the loop.
 */
#ifndef SERVE_H
#define SERVE_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "events.h"
#include "tool/evjson.h"
#include "flow.h"
#include "ring.h"

enum {
    HEADER_BYTES = 16384,    /* of one request; the cookies of all ports of localhost come along */
    MESSAGE_BYTES = 1 << 16, /* longest message of a viewer */
    TOKEN_DIGEST = 32,       /* bytes */
    PONGS = 8,               /* answers to pings that may wait for one viewer */
    PICTURE_HEAD = 128,      /* room for what goes before a picture */
    HELD_POINTERS = 16,      /* fingers and pens that one viewer may have down */
    HELD_KEYS = 32,
    HELD_EVENTS = 16, /* buttons of one pointer */
    ASKERS = 8,       /* viewers that may wait for the control of a stream */
    LADDER_RUNGS = 8,
    JSON_NAME = 6 * 250 + 3 /* room for a stream's name as a JSON string */
};

/* Of whoever made a request. */
enum role {
    ROLE_NONE,
    ROLE_VIEW,   /* sees, steers nothing */
    ROLE_CONTROL /* may steer */
};

/* Who steers. */
enum control_mode {
    CONTROL_ANY,   /* everybody with the role */
    CONTROL_FIRST, /* one at a time, who hands it over */
    CONTROL_TOKEN, /* the same, and it may be taken */
    CONTROL_NONE   /* nobody */
};

struct server {
    const struct rtc *rtc; /* rtc.h; NULL: nobody comes by an offer */
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws *listener;
    struct source *sources;
    size_t source_count;
    size_t listed; /* of them; the others, behind, are only there for a ladder */
    size_t sources_live;
    const char **origins; /* allowed beside the server's own */
    size_t origin_count;
    const char **cors; /* whose pages may read pictures and numbers; "*": everybody's */
    size_t cors_count;
    int www;                   /* the folder of --www, or -1 */
    unsigned files, files_max; /* of it, that are being sent */
    const char **hosts;        /* names in Host that are allowed beside numbers and localhost */
    size_t host_count;
    bool any_host; /* nobody gets here by a name */
    const char *tls_cert, *tls_key, *token_file;
    struct tls *tls;       /* NULL: plain */
    struct tokens *tokens; /* NULL: everybody may come */
    struct lws *reloader;
    char *policy[2]; /* header lines for our pages, and for those of --www */
    unsigned viewers, viewers_max;
    unsigned connections, connections_max;
    unsigned per_address;   /* connections; 0: any number */
    bool per_address_local; /* of this machine too */
    unsigned closing;       /* connections that were told to go and haven't gone */
    uint32_t viewers_ever;  /* number of the last viewer */
    bool view_only;         /* nobody steers */
    enum control_mode control;
    unsigned events_max; /* of one viewer in a second */
    bool verbose;
    bool ending;
};

/* server.c: the server as a whole. These exit with a message when something is wrong. */

struct names;

/* Attaches the streams. */
void server_open(struct server *server, const struct names *names);
/* How many connections there may be, by the viewers and descriptors that there may be. */
void server_limit(struct server *server);
/* Takes listener, and what comes there. */
void server_listen(struct server *server, int listener);
/* Prints url, serves until the streams are gone or a stop signal comes, and takes everything down
 * again. Returns the exit code for cli_finish. */
int server_run(struct server *server, const char *url);

/* source.c: one stream, its newest picture, its waiter. */

/* What goes before a picture on the wire. */
struct head {
    unsigned char text[PICTURE_HEAD];
    size_t bytes;
};

/* A picture, copied once for all viewers. Before data there is room for a head, behind it for two
 * bytes; both may be written at any time. */
struct packet {
    struct packet *next; /* among the spare ones */
    unsigned refs;
    uint64_t generation; /* of the stream it comes from */
    struct ring_meta meta;
    size_t room;
    struct head message; /* as a WebSocket message of one frame */
    struct head part;    /* as a part of multipart */
    unsigned char *data; /* meta.bytes */
};

struct control {
    struct viewer *steerer;        /* NULL: nobody, or all who may */
    struct viewer *asking[ASKERS]; /* who asked first first */
    unsigned asking_count;
};

/* Events that wait for their turn at the log. */
struct inbox {
    struct event *events;
    size_t count, room;
    pthread_t waiter;
    bool waiting;      /* the waiter is there */
    _Atomic bool turn; /* it has seen the log free */
};

struct source {
    struct server *server;
    const char *name;
    struct stream *stream; /* NULL once the stream was removed */
    struct ring *ring;
    uint64_t generation;
    struct packet *newest; /* NULL: none yet */
    struct packet *spare;
    unsigned spares;
    struct source *upper, *lower; /* on its ladder */
    struct viewer *viewers;       /* who asked for it: whose events it gets */
    unsigned viewer_count, webrtc_count;
    struct viewer *watchers; /* who is shown it: usually the same */
    unsigned watcher_count, mjpeg_count;
    struct control control;
    struct inbox inbox;
    uint64_t sent, sent_bytes; /* pictures, to all viewers that ever were */
    uint64_t skipped;          /* pictures, by all viewers that ever were */
    uint64_t events;           /* put into the log */
    bool idle;                 /* no picture for IDLE_US: MJPEG parts go twice */
    lws_sorted_usec_list_t idle_timer;
    pthread_t waiter;
    bool waiting;        /* the waiter is there */
    _Atomic bool wanted; /* somebody looks: the waiter is to wake the loop for each picture */
    bool stale;          /* the encoder slept, and has just been woken: who wants a picture waits */
    lws_sorted_usec_list_t stale_timer;
    struct conn *askers; /* of a snapshot, who wait for that */
    bool leased;         /* one was asked for, and has not come yet */
    lws_sorted_usec_list_t lease_timer;
};

/* Attaches the stream. -1 with errno. */
int source_open(struct source *source, struct server *server, const char *name);
/* Starts its waiter; to be called when server->context is there. -1 with errno. */
int source_start(struct source *source);
void source_close(struct source *source);

/* Something may have happened to the stream: takes the newest picture if anybody looks, follows
 * --replace, ends when it was removed. */
void source_look(struct source *source);

/* The newest picture there is at this moment, or NULL. Lives until the next call into the source,
 * or packet_release after packet_hold. */
struct packet *source_newest(struct source *source);
struct packet *packet_hold(struct packet *packet);
void packet_release(struct source *source, struct packet *packet);

/* A snapshot is asked for. false: the newest picture is as new as can be. true: the encoder is
 * woken for it; the asker is written to when there is a new picture or no use to wait. */
bool source_refresh(struct source *source);

/* watcher_count has changed. May end the stream, and with it all its viewers. */
void source_watch(struct source *source);

/* Starts a thread that gets no signals: they have to interrupt the loop's poll. -1 with errno. */
int source_thread(pthread_t *thread, void *(*run)(void *), struct source *source);

/* inbox.c: events on their way into the log. */

/* Puts events into the log, now or as soon as no other program keeps it; their numbers and times
 * are filled in. viewer: who sent them, NULL when it has left. Events for a stream that is gone or
 * may only be read are dropped: -1. May end the stream, and with it all its viewers. */
int inbox_append(struct source *source, struct viewer *viewer, struct event *events, size_t count);

/* Is there room for one more event of this viewer? loses: as for control_admit. Always so for those
 * that are not read from meanwhile. */
bool inbox_admits(const struct viewer *viewer, bool loses);

/* The log may have become free. May end the stream, too. */
void inbox_retry(struct source *source);

/* Waits no more; before the stream is detached. What has not been written stays. */
void inbox_stop(struct source *source);
void inbox_free(struct source *source);

/* viewer.c: one viewer. To those over WebRTC somebody else sends the pictures; they watch nothing.
 */

enum transport { VIEWER_WEBSOCKET, VIEWER_MJPEG, VIEWER_WEBRTC, TRANSPORTS };

/* As stats call it. */
const char *viewer_transport(const struct viewer *viewer);

struct held {
    struct {
        uint32_t pointer, buttons;
        float x, y;
    } pointers[HELD_POINTERS];
    char keys[HELD_KEYS][EVENT_KEY_MAX + 1];
    unsigned pointer_count, key_count;
};

/* Of a viewer on a ladder. */
struct climb {
    bool waits;                 /* the last picture published was not sent yet */
    bool held_up;               /* because the viewer is slow */
    bool behind;                /* it is to go down */
    unsigned published, missed; /* pictures, since */
    uint64_t since_ns;
    uint64_t acked;    /* when they were last counted */
    uint64_t still_ns; /* since then it has followed */
    uint64_t calm_ns;  /* it has to, before it goes up */
    uint64_t up_ns;    /* when it went up, or 0 */
    lws_sorted_usec_list_t timer;
};

struct viewer {
    /* What each picture needs stands together: the copying of the one before, for another viewer,
     * has emptied the caches. */
    struct viewer *next_watcher, **watcher_link;
    struct source *shown; /* whose pictures come, on a lower rung of source's ladder perhaps */
    struct conn *conn;
    uint64_t number; /* of the picture last sent, and its generation */
    uint64_t generation;
    uint64_t captured_ns; /* of the picture last sent */
    uint64_t fresh_ns;    /* pictures captured before are not sent */
    enum transport transport;
    unsigned times; /* it was sent */
    unsigned pong_count;
    unsigned turn;  /* what is looked at first when something can be sent */
    bool asked;     /* lws tells when its socket takes one */
    bool speaks;    /* there is a way for its messages */
    bool hello;     /* it wants to be told who steers */
    bool state_due; /* and has to be */
    bool moved;     /* to another stream, which that tells before its pictures come */
    bool paused;    /* its waiting events are too many: it isn't read from */
    uint64_t sent, skipped, bytes;
    struct climb climb;
    struct flow flow;

    struct viewer *next, **link; /* among its source's viewers */
    struct source *source;       /* that it asked for */
    uint32_t id;
    lws_sorted_usec_list_t probe_timer;
    char pongs[PONGS][32]; /* the t of pings to be answered */
    enum role role;
    size_t waiting;      /* of its events, for their turn at the log */
    uint64_t event;      /* number of its last event in the stream's log, 0: none */
    uint64_t events;     /* it put into the log */
    uint64_t refused;    /* events and wishes: it doesn't steer */
    uint64_t limited;    /* moves and wheels that were too many */
    uint64_t paid_until; /* CLOCK_MONOTONIC that its events have used up */
    struct held held;
};

/* Makes conn a viewer: there must be room, server->viewers < viewers_max. -1: no memory, or the
 * stream ended just now. */
int viewer_join(struct conn *conn, struct source *source, enum transport transport);

/* It goes away: what it holds is released in the event log. */
void viewer_leave(struct viewer *viewer);

/* What it holds is released in the event log. May end the stream, and with it all its viewers, this
 * one included if it is still among them. */
void viewer_release(struct viewer *viewer);

/* Puts it among the watchers of a source, which is source_watch's to be told; takes it away. */
void viewer_watch(struct viewer *viewer, struct source *source);
void viewer_unwatch(struct viewer *viewer);

/* A picture may be due that it doesn't know of. */
void viewer_wake(struct viewer *viewer);

/* The source that it is shown has a new picture. */
void viewer_picture(struct viewer *viewer);

/* Sends one thing, now that lws says it can be. -1: close the connection. */
int viewer_write(struct viewer *viewer);

/* Does what a message says. 0, or a close code and *why. The viewer may be gone afterwards. */
unsigned viewer_message(struct viewer *viewer, const char *text, size_t bytes, const char **why);

/* ladder.c: which stream a viewer is shown. */

#define NO_RUNG SIZE_MAX

/* Streams to be served, with room for all of ladders. */
struct names {
    char **list;
    size_t *lower; /* the place of the next rung down, or NO_RUNG */
    bool *rung;    /* on a ladder */
    size_t named;  /* on the command line; the others were allocated */
    size_t listed; /* with those that begin a ladder */
    size_t count;
};

/* Adds the streams of ladders, the texts of --ladder, to those that were named. Exits with a
 * message when they aren't right. */
void ladder_read(struct names *names, const char **ladders, size_t count);
/* Afterwards, when there is a source for each name. */
void ladder_link(struct server *server, const struct names *names);
void ladder_free(struct names *names);

/* A new picture is about to wait for the viewer; one was sent to it. */
void ladder_picture(struct viewer *viewer);
void ladder_sent(struct viewer *viewer);

/* What it is shown is no more: back up, or it ends. May end streams, and with them their viewers.
 */
void ladder_lost(struct viewer *viewer);

/* control.c: who steers. */

/* From "any", "first", "token"; -1: none of them. */
int control_mode(const char *text);
const char *control_name(enum control_mode mode);

/* Are its events taken? */
bool control_steers(const struct viewer *viewer);

/* It is among its source's viewers from now on, or isn't any more. */
void control_join(struct viewer *viewer);
void control_leave(struct viewer *viewer);

/* What its messages say. control_want may end the stream, and with it all its viewers. */
void control_hello(struct viewer *viewer);
void control_want(struct viewer *viewer, enum evjson_want want, uint32_t to);

/* May it have one more event at this time? loses: one that may be dropped otherwise; for the others
 * there is twice the room, and then it is too much. */
bool control_admit(struct viewer *viewer, uint64_t now, bool loses);

/* Something in its state message has changed: it gets a new one, if it wants any. */
void control_notify(struct viewer *viewer);

/* Sends the state. -1: close the connection. */
int control_write(struct viewer *viewer);

/* held.c: what a viewer holds down. */

/* Takes note of an event and fills in its buttons where fill. When more is held than there is room
 * for, the oldest is let go: writes the events for that, at most HELD_EVENTS, to out and returns
 * their count. */
size_t held_note(struct held *held, struct event *event, bool fill, struct event *out);

/* Releases everything, up to max events to out; returns their count, 0 when nothing is held. */
size_t held_release(struct held *held, struct event *out, size_t max);

/* conn.c: one connection, whatever it is used for. */

enum endpoint { /* of paths */
                AT_NOTHING,
                AT_GONE,   /* the stream was removed */
                AT_FOLDER, /* /NAME without its slash */
                AT_LIST,
                AT_FILE,
                AT_WEBSOCKET,
                AT_MJPEG,
                AT_SNAPSHOT,
                AT_STATS,
                AT_WHEP,  /* where offers go */
                AT_OFFER, /* … of FURY's kind */
                AT_CALL,  /* what has come of one: its id is behind the last slash */
                AT_STREAMS,
                AT_METRICS,
                AT_HEALTH
};

struct conn {
    struct server *server;
    struct lws *wsi; /* NULL: not ours, but of a viewer over WebRTC (rtc.h) */
    struct peer *peer;
    enum role role;                    /* of whoever made the last request */
    unsigned char token[TOKEN_DIGEST]; /* by which it got that, with --token-file */
    bool shared;                       /* with a page of another site, that may */
    bool reads_only;                   /* as that page may no more than read */
    struct call *call;                 /* of WebRTC: that it asked for, or whose viewer it has */
    enum endpoint posts;      /* where the body goes that is coming in, into text, if not */
    struct source *posted_to; /* AT_NOTHING */
    unsigned requests;        /* that came here */
    struct viewer *viewer;
    struct source *source;                 /* of packet, or of the snapshot that it waits for */
    struct conn *next_asker, **asker_link; /* NULL: it waits for none */
    bool asks_head;
    struct packet *packet; /* body is in it */
    bool is_preflight;
    bool has_cors;    /* the answer that is about to go is for pages of other sites too, if */
    const char *cors; /* … this is not NULL: their origin, or "*" */
    char *own;        /* body, to be freed */
    const char *body; /* being sent */
    int file;         /* body is in it, if not 0; to be closed */
    bool own_page;    /* the answer that is about to go is a file of --www */
    size_t body_at, body_bytes;
    char *text; /* of the message that is coming in */
    size_t text_bytes, text_room;
    bool text_more;      /* the last fragment was not the final one */
    bool shut;           /* its close frame was the last thing it got */
    unsigned close_code; /* to be told when it can be written to */
    char *close_why;
    bool failed; /* by what it sent: that is why it is closed */
};

/* NULL: no memory. lws has it, and frees it, from the connection's adoption on. */
struct conn *conn_new(struct server *server);

/* The one callback of the one protocol. */
int conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t bytes);

/* Ends a connection from outside of its own callbacks, politely and soon. */
void conn_end(struct conn *conn, unsigned close_code);

/* conn is to be written to when that is possible: viewer_write, or http_write. */
void conn_want(struct conn *conn);

/* A text message to its viewer. text has LWS_PRE bytes before it. -1: close the connection. */
int conn_text(struct conn *conn, unsigned char *text, size_t bytes);

/* Where it comes from, for people. */
void conn_address(const struct conn *conn, char *out, size_t size);

/* Ends a WebSocket that did what it may not; why goes into the close frame. */
void conn_fail(struct conn *conn, unsigned close_code, const char *why);

/* ws.c */

/* The head of a binary message of so many bytes, in one frame. */
void ws_head(struct head *head, uint64_t bytes);

/* Is this handshake to be taken? 0: yes. 1: it was answered. -1: hang up. */
int ws_handshake(struct conn *conn);
int ws_open(struct conn *conn);
int ws_receive(struct conn *conn, const char *data, size_t bytes);

/* The viewer closes, with the payload of its close frame. 0: lws answers with the same. */
int ws_peer_closes(struct conn *conn, const char *data, size_t bytes);

/* http.c */

struct route {
    enum endpoint at;
    bool root; /* not of a stream's folder: a file of --www goes before AT_LIST, AT_FILE, AT_NOTHING
                */
    struct source *source;
    const struct page_file *file;
    const char *id; /* AT_CALL: part of path */
};

/* What a path, percent-decoded, leads to. Nothing but the tables is looked at. */
struct route http_route(struct server *server, const char *path);

/* A header's value; "" when it is absent, empty or longer than room. Returns out. */
const char *http_header(struct lws *wsi, enum lws_token_indexes token, char *out, int room);

/* The decoded path of a request, or NULL: not one. Lives as long as the headers. *method: as
 * lws_http_get_uri_and_method has it. */
const char *http_path(struct lws *wsi, int *method);

/* Adds to a message or a body that is coming in. -1: no memory. */
int conn_collect(struct conn *conn, const char *data, size_t bytes);
void conn_forget(struct conn *conn);

/* Does a body follow? Where it is pipelined behind another request, lws 4.1 never gets to the end
 * of it and serves nobody any more; so the answer to a request that has one is the last. */
bool http_has_body(struct lws *wsi);

int http_request(struct conn *conn);
/* A part of a body that http_request waits for; its end. -1: hang up. */
int http_body(struct conn *conn, const char *data, size_t bytes);
int http_body_end(struct conn *conn);
int http_write(struct conn *conn);

/* Is an answer still going out? A further request is not waited for then: hang up. */
bool http_busy(const struct conn *conn);

/* Lets go of a body that is being sent. */
void http_end(struct conn *conn);

/* A short answer of text. 0 or -1 (hang up). extra: NULL, or further header lines as
 * "name:\0value\0…\0". Does not complete the transaction. */
int http_text(struct conn *conn, bool head, unsigned status, const char *extra, const char *text);

/* A whole answer, with a malloc'ed text that is freed; NULL: hang up. A short one, as http_text.
 * Both complete the transaction. */
int http_answer(struct conn *conn, unsigned status, const char *type, const char *extra,
                char *text);
int http_refuse(struct conn *conn, unsigned status, const char *extra, const char *text);

/* cors.c: may pages of this origin read pictures and numbers? "*", the origin, or NULL. */
const char *cors_find(const struct server *server, const char *origin);
/* Who may read the answer to this request by --cors, beside the server's own pages: "*",
 * the origin of the page that it comes from, or NULL. */
const char *cors_allowed(const struct conn *conn);
/* Header lines, as http_text takes them, that say so. Valid until the next call. More of them for
 * the question that a browser asks before. */
const char *cors_headers(const struct conn *conn);

/* The answer to what isn't HTTP at all; then hang up. */
void http_garbage(struct lws *wsi, const char *data, size_t bytes);

/* listen.c */

/* Binds and listens, at a port of the machine's or at "unix:PATH". Returns the socket, or exits
 * with a message. share: other servers may have the port too. url: what to print. loopback: is it
 * reachable from this machine only? */
int listen_open(const char *address, uint16_t port, bool share, const char *scheme, char *url,
                size_t url_size, bool *loopback);
/* Removes the socket file, if there is one. exit() does so too. */
void listen_close(void);
void listen_accept(struct server *server);

/* stats.c, metrics.c, pages.c */

/* Ends what open_memstream began; frees and forgets *text when memory was short. Returns it. */
char *text_end(FILE *to, char **text);

/* JSON in malloc'ed memory, or NULL. */
char *stats_json(const struct source *source, size_t *bytes);

/* text (a stream's name) as a JSON string into out, which has JSON_NAME bytes: bytes that aren't
 * UTF-8 come out as the code points of the same numbers. */
void json_quote(const char *text, char *out);
/* The same in short of all streams, removed ones too. */
char *streams_json(const struct server *server, size_t *bytes);

/* For Prometheus, of all streams, in malloc'ed memory, or NULL. */
char *metrics_text(const struct server *server, size_t *bytes);

/* The beginnings of a metric and of each of its lines, up to what closes the labels, "} 1\n". */
void metrics_head(FILE *to, const char *name, const char *type, const char *help);
void metrics_name(FILE *to, const char *name, const struct source *source);

struct page_file {
    const char *name, *type;
    const char *data, *end;
};

/* "" is the page itself. NULL: no such file. */
const struct page_file *page_find(const char *name);

/* HTML in malloc'ed memory that lists the streams, or NULL. */
char *page_list(const struct server *server, size_t *bytes);

/* www.c */

enum { WWW_PATH = 4096 };

enum www_found {
    WWW_NOTHING,
    WWW_FOLDER, /* it is one, and the path has no slash at its end */
    WWW_BUSY,   /* no descriptor is left */
    WWW_FILE
};

struct www_file {
    int fd; /* the caller's to close */
    uint64_t bytes;
    const char *type;
    char tag[64]; /* for ETag */
};

/* Opens the folder, or exits with a message. */
int www_folder(const char *path);

/* Looks a decoded path up, without its first slash, of any bytes. *file is filled in for WWW_FILE.
 */
enum www_found www_open(int folder, const char *path, struct www_file *file);

/* Percent-encodes a name for a URL's path: out has room for 3 * strlen(name) + 1. */
void page_encode(const char *name, char *out);

#endif
