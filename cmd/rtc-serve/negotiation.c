#include "negotiation.h"
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <stdbool.h>

/* Owned by the promises that refer to it. */
struct negotiation {
    GstElement *webrtcbin; /* it runs the promises, so it lives */
    void (*done)(void *user, enum negotiation_result result);
    void *user;
    GDestroyNotify release;
};

static void clear(gpointer data)
{
    struct negotiation *negotiation = data;
    negotiation->release(negotiation->user);
}

static void release(gpointer data)
{
    g_atomic_rc_box_release_full(data, clear);
}

static GstPromise *promise_new(struct negotiation *negotiation, GstPromiseChangeFunc next)
{
    return gst_promise_new_with_change_func(next, g_atomic_rc_box_acquire(negotiation), release);
}

/* False after an error, which is reported. */
static bool succeeded(struct negotiation *negotiation, GstPromise *promise,
                      enum negotiation_result failure)
{
    bool replied = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED;
    const GstStructure *reply = replied ? gst_promise_get_reply(promise) : NULL;
    if (replied && !(reply && gst_structure_has_field(reply, "error")))
        return true;
    negotiation->done(negotiation->user, failure);
    return false;
}

static void on_local_set(GstPromise *promise, gpointer user)
{
    struct negotiation *negotiation = user;
    if (succeeded(negotiation, promise, NEGOTIATION_FAILED))
        negotiation->done(negotiation->user, NEGOTIATION_STARTED);
    gst_promise_unref(promise);
}

static void on_answer(GstPromise *promise, gpointer user)
{
    struct negotiation *negotiation = user;
    GstWebRTCSessionDescription *answer = NULL;
    if (succeeded(negotiation, promise, NEGOTIATION_FAILED)) {
        const GstStructure *reply = gst_promise_get_reply(promise);
        gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &answer, NULL);
        g_signal_emit_by_name(negotiation->webrtcbin, "set-local-description", answer,
                              promise_new(negotiation, on_local_set));
        gst_webrtc_session_description_free(answer);
    }
    gst_promise_unref(promise);
}

static void on_remote_set(GstPromise *promise, gpointer user)
{
    struct negotiation *negotiation = user;
    if (succeeded(negotiation, promise, NEGOTIATION_REFUSED))
        g_signal_emit_by_name(negotiation->webrtcbin, "create-answer", NULL,
                              promise_new(negotiation, on_answer));
    gst_promise_unref(promise);
}

void negotiation_start(GstElement *webrtcbin, GstSDPMessage *remote,
                       void (*done)(void *user, enum negotiation_result result), void *user,
                       GDestroyNotify release_user)
{
    struct negotiation *negotiation = g_atomic_rc_box_new0(struct negotiation);
    *negotiation = (struct negotiation){webrtcbin, done, user, release_user};
    GstWebRTCSessionDescription *offer =
        gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, remote);
    g_signal_emit_by_name(webrtcbin, "set-remote-description", offer,
                          promise_new(negotiation, on_remote_set));
    gst_webrtc_session_description_free(offer);
    release(negotiation);
}
