#include "message.h"
#include "delivery.h"
#include "input.h"
#include "monotonic.h"
#include "utf8.h"

/* The events that one message makes: its own, and before each the releases that it causes when more
 * keys or pointers are down than can be held. */
struct batch {
    struct viewer *viewer;
    uint64_t now;
    struct event events[EVJSON_MESSAGES * (INPUTSTATE_EVENTS + 1)];
    size_t count;
};

enum { TOO_MANY = 1 /* result of a message beyond the rate limit */ };

static void flush(struct batch *batch)
{
    size_t count = batch->count;
    batch->count = 0;
    if (count)
        input_append(batch->viewer, batch->events, count);
}

static void add_event(struct batch *batch, const struct evjson_message *message)
{
    struct event event = message->event;
    struct event *end = &batch->events[batch->count];
    size_t releases = inputstate_apply(&batch->viewer->input, &event, message->fury, end);
    end[releases] = event;
    for (size_t i = 0; i <= releases; i++) {
        end[i].viewer = batch->viewer->id;
        end[i].number = end[i].time_ns = 0; /* set by the log */
    }
    batch->count += releases + 1;
}

static int take_event(struct batch *batch, const struct evjson_message *message)
{
    struct viewer *viewer = batch->viewer;
    bool droppable =
        message->event.type == EVENT_POINTER_MOVE || message->event.type == EVENT_WHEEL;
    if (!control_has(viewer))
        viewer->refused++;
    else if (input_admit(viewer, batch->now, droppable))
        add_event(batch, message);
    else if (droppable)
        viewer->limited++;
    else
        return TOO_MANY;
    return 0;
}

static int take(const struct evjson_message *message, void *user)
{
    struct batch *batch = user;
    struct viewer *viewer = batch->viewer;
    switch (message->kind) {
    case EVJSON_EVENT:
        return take_event(batch, message);
    case EVJSON_NOTHING:
        return input_admit(viewer, batch->now, false) ? 0 : TOO_MANY;
    case EVJSON_ACK:
        if (flow_ack(&viewer->flow, message->seq, monotonic_ns()))
            delivery_retry(viewer);
        break;
    case EVJSON_PING:
        delivery_pong(viewer, message->t);
        break;
    case EVJSON_HELLO:
        if (!input_admit(viewer, batch->now, false))
            return TOO_MANY;
        control_hello(viewer, message->named ? message->name : NULL);
        if (message->parts)
            delivery_use_parts(viewer);
        break;
    case EVJSON_CONTROL:
        if (!input_admit(viewer, batch->now, false))
            return TOO_MANY;
        flush(batch); /* input goes before the releases that a change of control causes */
        control_request(viewer, message->want, message->to);
        break;
    }
    return 0;
}

unsigned message_take(struct viewer *viewer, const char *text, size_t bytes, const char **why)
{
    static struct batch batch; /* too large for a stack; only the main thread is here */
    batch.viewer = viewer;
    batch.now = monotonic_ns();
    batch.count = 0;
    if (!utf8_valid(text, bytes)) {
        *why = "not UTF-8";
        return LWS_CLOSE_STATUS_INVALID_PAYLOAD;
    }
    int result = evjson_parse(text, bytes, take, &batch, why);
    if (result == -1)
        return LWS_CLOSE_STATUS_POLICY_VIOLATION;
    flush(&batch);
    if (result != TOO_MANY)
        return 0;
    *why = "too many events";
    return LWS_CLOSE_STATUS_POLICY_VIOLATION;
}
