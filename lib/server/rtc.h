/*
 * Viewers over WebRTC, as the server sees them: somebody posts an offer, gets an answer, and is a
 * viewer from then on. Who makes answers and sends pictures is the program's; HTTP, roles, limits,
 * control and input are the server's. All of it is called on the one thread.
 */
#ifndef RTC_H
#define RTC_H

#include "serve.h"
#include <stdio.h>

struct rtc {
    /* The sources and the context are there. Exits with a message. */
    void (*open)(struct server *server);
    /* The loop was woken. May end streams' viewers. */
    void (*look)(struct server *server);
    /* Ends what there is. */
    void (*close)(struct server *server);
    /* An offer, in asker->text: 0 when it is answered, now or by answer; -1: hang up. fury: it is
     * JSON, and so is the answer. */
    int (*offer)(struct conn *asker, struct source *source, bool fury);
    /* asker, which waits for an answer, can be written to. 0 or -1. */
    int (*answer)(struct conn *asker);
    /* It is no more. */
    void (*forget)(struct conn *asker);
    /* Ends the call of this id, and its viewer. False: there is none. */
    bool (*hang_up)(struct source *source, const char *id);

    /* Of a viewer's conn, which has no wsi. */

    /* Calls viewer_write soon. */
    void (*want)(struct conn *conn);
    /* A text message to the viewer. -1: it can't take one now. */
    int (*text)(struct conn *conn, const char *text, size_t bytes);
    /* It has no viewer any more. Frees it, in the next round of the loop. */
    void (*end)(struct conn *conn);
    void (*address)(const struct conn *conn, char *out, size_t size);

    /* Further members of /NAME/stats, each with a comma before it; further metrics. */
    void (*stats)(FILE *to, const struct source *source);
    void (*metrics)(FILE *to, const struct server *server);
};

#endif
