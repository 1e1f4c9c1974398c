/*
 * Sessions of WebRTC clients, each begun by an offer. While pipeline.c makes the answer, the
 * client's HTTP request waits for it. From the answer on the session has a viewer, until the peer
 * leaves, the client deletes the session, or the stream ends. An offer that cannot be answered is
 * refused with an offer of ours; the client's answer to that is its viewer's beginning.
 */
#ifndef SESSION_H
#define SESSION_H

#include "server/http/whep.h"

enum { SESSION_CONNECTING_MAX = 32 /* sessions that have not connected yet */ };

/* As in whep_ops. */
struct session *session_offer(struct whep *request, struct served *served, bool fury,
                              const char *text, size_t bytes, struct refusal *refusal);
bool session_answer(struct session *session, struct whep_answer *out);
void session_forget(struct session *session);
bool session_accept(struct served *served, const char *id, const char *text, size_t bytes,
                    struct refusal *refusal);
bool session_hang_up(struct served *served, const char *id);

/* Ends all sessions with the server. */
void session_end_all(void);

#endif
