/*
 * Offers of WebRTC clients, by WHEP or in FURY's format, and their answers to our offers: the HTTP
 * part. Each offer leads to a session, which belongs to the program (rtc-serve's session.c) and is
 * used through whep_ops.
 */
#ifndef SERVER_WHEP_H
#define SERVER_WHEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "auth.h"

struct conn;
struct response;
struct served;
struct session;
struct streams;
struct whep; /* a request with an offer or answer, from its header to its own answer */

struct whep_answer {
    unsigned status;
    const char *extra; /* header lines as response_text takes them, or NULL */
    const char *type;
    char *text;      /* malloc'ed body of this type; or NULL, and why is the body */
    const char *why; /* valid until the next round of the loop */
};

struct whep_ops {
    /* Begins a session for an offer. NULL: *refusal is filled in. */
    struct session *(*offer)(struct whep *request, struct served *served, bool fury,
                             const char *text, size_t bytes, struct refusal *refusal);
    /* Gets the answer to the request. False: there is none yet. After true, the session no longer
     * uses the request. */
    bool (*answer)(struct session *session, struct whep_answer *out);
    /* The client has disconnected before the answer. */
    void (*forget)(struct session *session);
    /* Takes the client's answer to our offer, with which we refused that of the client. false:
     * *refusal is filled in. */
    bool (*accept)(struct served *served, const char *id, const char *text, size_t bytes,
                   struct refusal *refusal);
    /* Ends the session of this id, and its viewer. False: there is none. */
    bool (*hang_up)(struct served *served, const char *id);

    /* Further members of /NAME/stats, each with a comma before it; further metrics. */
    void (*stats)(FILE *to, const struct served *served);
    void (*metrics)(FILE *to, const struct streams *streams);
};

/* id: of the session that the client's answer is for; NULL: an offer, which begins one. NULL: no
 * memory. */
struct whep *whep_new(struct conn *conn, struct response *response,
                      const struct credentials *credentials, struct served *served, bool fury,
                      const char *id);
void whep_free(struct whep *request); /* NULL is allowed */

/* Handle a part of the body, and its end. 0 or -1: hang up. */
int whep_body(struct whep *request, const char *data, size_t bytes);
int whep_body_end(struct whep *request);

/* The socket has room: sends the answer if there is one. */
int whep_write(struct whep *request);

/* Whether the request has been answered. */
bool whep_is_over(const struct whep *request);

/* For sessions: the session ends with the server, and the request gets no answer. */
void whep_forget_session(struct whep *request);

struct conn *whep_conn(const struct whep *request);
const struct credentials *whep_credentials(const struct whep *request);

#endif
