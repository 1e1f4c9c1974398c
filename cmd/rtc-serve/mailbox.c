#include "mailbox.h"
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>

struct mailbox {
    void (*notify)(void *arg);
    void *arg;
    pthread_mutex_t lock; /* protects the members below */
    struct message *messages, **end;
    struct sent_frame frames[MAILBOX_FRAMES]; /* a ring */
    unsigned first, count;
};

struct mailbox *mailbox_new(void (*notify)(void *arg), void *arg)
{
    struct mailbox *mailbox = g_new0(struct mailbox, 1);
    mailbox->notify = notify;
    mailbox->arg = arg;
    mailbox->end = &mailbox->messages;
    pthread_mutex_init(&mailbox->lock, NULL);
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    pthread_mutex_destroy(&mailbox->lock);
    g_free(mailbox);
}

static bool is_empty(const struct mailbox *mailbox)
{
    return !mailbox->messages && !mailbox->count;
}

void mailbox_post(struct mailbox *mailbox, const struct message *message)
{
    struct message *copy = g_new(struct message, 1);
    *copy = *message;
    copy->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    bool first = is_empty(mailbox);
    *mailbox->end = copy;
    mailbox->end = &copy->next;
    pthread_mutex_unlock(&mailbox->lock);
    if (first)
        mailbox->notify(mailbox->arg);
}

void mailbox_post_frame(struct mailbox *mailbox, const struct sent_frame *frame)
{
    pthread_mutex_lock(&mailbox->lock);
    bool first = is_empty(mailbox);
    if (mailbox->count == MAILBOX_FRAMES) {
        mailbox->first = (mailbox->first + 1) % MAILBOX_FRAMES;
        mailbox->count--;
    }
    mailbox->frames[(mailbox->first + mailbox->count++) % MAILBOX_FRAMES] = *frame;
    pthread_mutex_unlock(&mailbox->lock);
    if (first)
        mailbox->notify(mailbox->arg);
}

void mailbox_take(struct mailbox *mailbox, struct mail *mail)
{
    pthread_mutex_lock(&mailbox->lock);
    mail->messages = mailbox->messages;
    mailbox->messages = NULL;
    mailbox->end = &mailbox->messages;
    mail->frame_count = mailbox->count;
    for (unsigned i = 0; i < mailbox->count; i++)
        mail->frames[i] = mailbox->frames[(mailbox->first + i) % MAILBOX_FRAMES];
    mailbox->count = 0;
    pthread_mutex_unlock(&mailbox->lock);
}

void message_free(struct message *message)
{
    g_free(message->text);
    g_free(message);
}
