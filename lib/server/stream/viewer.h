/*
 * A viewer of a stream, whatever transport it uses: its state, its membership, its end.
 *
 * A viewer that ends is unlinked from its stream at once, but stays allocated until the end of this
 * round of the loop, when streams_reap releases its input, passes its control on and frees it. So
 * pointers to viewers stay valid for the whole of a round.
 */
#ifndef SERVER_VIEWER_H
#define SERVER_VIEWER_H

#include "control.h"
#include "flow.h"
#include "inputstate.h"
#include "served.h"

enum { VIEWER_PONGS = 8 /* replies to pings that may wait for one viewer */ };

enum viewer_sent { VIEWER_SENT, VIEWER_BLOCKED, VIEWER_BROKEN };

/* How a viewer's connection works. link is the transport's own object for the connection. None of
 * these may call back into the viewer's files, except want_write, later. */
struct viewer_transport {
    enum viewer_kind kind;
    const char *name;  /* in stats */
    const char *title; /* in messages for people */
    bool has_messages; /* from the start: a channel for text in both directions */

    /* The next five are NULL in transports that do not send packets themselves. */

    /* Whether a packet may be sent now, before want_write has taken effect. */
    bool (*ready)(void *link);
    /* Sends all of a packet, or these parts of it unless NULL; or nothing. */
    enum viewer_sent (*send_packet)(void *link, struct packet *packet,
                                    const struct packet_parts *parts);
    /* Whether part of an earlier packet is still unsent. */
    bool (*congested)(void *link);
    /* A number that changes whenever the client takes something. *all: it has taken everything. */
    uint64_t (*taken)(const void *link, bool *all);
    /* Closes a broken connection soon. */
    void (*abort)(void *link);
    /* Whether its messages may be left unread for a while. NULL: never. */
    bool (*pausable)(const void *link);
    /* Stops or resumes reading messages. */
    void (*pause)(void *link, bool paused);

    /* Sends a text message. text has LWS_PRE bytes before it. 0; -1: close the connection. */
    int (*send_text)(void *link, unsigned char *text, size_t bytes);
    /* Calls delivery_write soon, when something can be sent. */
    void (*want_write)(void *link);
    /* Closes the connection of a viewer that has ended, with a WebSocket close code. */
    void (*close)(void *link, unsigned code);
    /* Whether the credentials of the connection still allow the viewer's role. */
    bool (*authorized)(const void *link);
    /* The address of the client, for people. */
    void (*address)(const void *link, char *out, size_t size);
};

/* Adaptive bit rate: the state that moves a viewer along a ladder. */
struct abr {
    bool unsent;                /* the latest packet has not been sent yet */
    bool congested;             /* it found the connection full */
    bool move_down;             /* the timer will move the viewer down */
    unsigned published, missed; /* packets since since_ns */
    uint64_t since_ns;
    uint64_t acked;       /* number of acknowledgements at the last count */
    uint64_t steady_ns;   /* time since which the viewer has kept up */
    uint64_t hold_ns;     /* time that it has to keep up before it moves up */
    uint64_t moved_up_ns; /* time of the last move up, or 0 */
    lws_sorted_usec_list_t timer;
};

/* The state at the last check of whether the client takes the data that is sent. */
struct stall {
    uint64_t taken, bytes;
    unsigned checks; /* in a row that found no change */
    lws_sorted_usec_list_t timer;
};

struct viewer {
    /* Members used for each packet are kept together: copying the packet for the previous viewer
     * has emptied the caches. */
    struct viewer *next_watcher, **watcher_link;
    struct served *shown; /* the stream whose packets are sent, maybe a lower rung */
    const struct viewer_transport *transport;
    void *link;           /* NULL once the viewer has ended */
    uint64_t number;      /* of the packet last sent */
    uint64_t generation;  /* of that packet's stream */
    uint64_t captured_ns; /* of that packet */
    uint64_t sharp;       /* number of the sharp packet last sent, 0: a whole one has replaced it */
    uint64_t not_before_ns; /* packets captured earlier are not sent */
    unsigned times;         /* number of times that packet was sent; 0: the viewer has nothing */
    unsigned repeats;       /* the stream's count of repetitions at that time */
    unsigned pong_count;
    unsigned next_send; /* kind of content that is considered first when something can be sent */
    bool want_pending;  /* want_write was called and has had no effect yet */
    bool has_messages;  /* there is a channel for text */
    bool hello;         /* state messages are wanted */
    bool parts;         /* it draws parts of packets */
    bool state_pending; /* a state message will be sent */
    bool moved;         /* to another stream: a state message goes before its packets */
    bool paused;        /* its messages are not read, as too many of its events are queued */
    uint64_t sent, sent_parts; /* packets, those of them sent as parts */
    uint64_t skipped, bytes;
    struct abr abr;
    struct flow flow;
    struct stall stall;

    struct viewer *next, **list_link; /* among the viewers of served, or among those to reap */
    struct served *served;            /* the stream that was requested: its input goes there */
    uint32_t id;
    enum role role;
    char name[EVJSON_NAME_MAX + 1]; /* chosen by the viewer, may be empty */
    lws_sorted_usec_list_t probe_timer;
    char pongs[VIEWER_PONGS][32]; /* the t of pings to reply to */
    size_t queued;                /* its events in the backlog */
    uint64_t event;               /* number of its latest event in the event log, 0: none */
    uint64_t events;              /* its events in the event log */
    uint64_t refused;             /* events and requests dropped for lack of control */
    uint64_t limited;             /* moves and wheel steps dropped by the rate limit */
    uint64_t paid_until;          /* CLOCK_MONOTONIC that its events have used up */
    struct inputstate input;
};

/* Adds a viewer to the stream, or returns NULL: no memory. streams.c joins it to the rest. */
struct viewer *viewer_new(struct served *served, const struct viewer_transport *transport,
                          void *link, enum role role);

/* The connection has gone: the viewer ends, its transport is not used any more. */
void viewer_end(struct viewer *viewer);

/* Ends the viewer and closes its connection. */
void viewer_close(struct viewer *viewer, unsigned code);

/* Shows the viewer another stream; the caller reports both to served_watchers_changed. */
void viewer_show(struct viewer *viewer, struct served *served);

void viewer_want_write(struct viewer *viewer);

#endif
