/* The mailbox: messages and sent frames on their way from the pipeline's threads to the server's
 * thread. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stddef.h>
#include <stdint.h>
#include "sentframe.h"

struct mailbox;

enum message_kind {
    MESSAGE_LOCAL,      /* text: SDP, our answer or offer */
    MESSAGE_CANDIDATES, /* text: an SDP fragment, candidates to add to our offer */
    MESSAGE_REFUSED,    /* status, text: the reason */
    MESSAGE_CONNECTED,  /* no text */
    MESSAGE_OPEN,       /* the data channel is open; no text */
    MESSAGE_TEXT,       /* text and bytes: from the data channel */
    MESSAGE_CLOSED      /* text: the reason */
};

struct message {
    struct message *next;
    enum message_kind kind;
    int status; /* HTTP status */
    void *from; /* the sender's reference to itself; the receiver releases it */
    char *text; /* by g_malloc, or NULL */
    size_t bytes;
};

enum { MAILBOX_FRAMES = 16 };

/* The contents of a mailbox. */
struct mail {
    struct message *messages; /* a list, oldest first; the receiver frees it */
    struct sent_frame frames[MAILBOX_FRAMES];
    unsigned frame_count;
};

/* notify(arg) is called on any thread when an empty mailbox gets its first entry. */
struct mailbox *mailbox_new(void (*notify)(void *arg), void *arg);
void mailbox_free(struct mailbox *mailbox); /* emptied; NULL is allowed */

/* Any thread. The message is copied, but owns its text. */
void mailbox_post(struct mailbox *mailbox, const struct message *message);

/* Any thread. When full, the oldest frame is dropped. */
void mailbox_post_frame(struct mailbox *mailbox, const struct sent_frame *frame);

/* Takes everything. */
void mailbox_take(struct mailbox *mailbox, struct mail *mail);

/* Frees a message without its sender's reference. */
void message_free(struct message *message);

#endif
