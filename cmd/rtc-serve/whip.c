#include "whip.h"
#include "pipeline.h"
#include "monotonic.h"
#include "server/http/httpclient.h"
#include "server/http/secretfile.h"
#include "server/stream/served.h"
#include "tool/cli.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    REQUEST_MS = 10000, /* longest time of a request; */
    LAST_MS = 3000,     /* of the last one, when the server ends */
    FIRST_MS = 1000,    /* the wait after the first failure, doubled with each, */
    MOST_MS = 30000,    /* up to this */
    LASTING_MS = 10000, /* a connection that lasted this long starts again at FIRST_MS */
    REDIRECTS = 5,
    TOKEN_BYTES = 4000,
    WHY_BYTES = 320
};

enum state {
    UNUSED,
    WAITING,    /* for the next attempt */
    OFFERING,   /* the pipeline makes the offer */
    POSTING,    /* the SFU makes the answer */
    CONNECTING, /* to the SFU's media server */
    CONNECTED,
    LEAVING /* the session is being deleted */
};

static struct {
    enum state state;
    const char *token_file;
    char *token;           /* NULL: none */
    struct weburl url, at; /* of the endpoint; and where redirections have led from it */
    struct httpclient *client;
    struct lws_context *context;
    struct pipeline *pipeline;
    const struct served *served;
    struct pipeline_peer *peer; /* NULL: none */
    char *offer;
    char *fragment; /* candidates to send, or NULL */
    bool has_session;
    struct weburl session; /* to be deleted */
    char etag[HTTPCLIENT_VALUE];
    unsigned redirects, failures;
    unsigned wait_ms; /* that the SFU wants at least */
    uint64_t connected_ns;
    lws_sorted_usec_list_t retry;
    char why[WHY_BYTES]; /* the failure reported last, or "" */
    bool ending;         /* the server ends */
} whip;

static void begin(lws_sorted_usec_list_t *timer);

/* --- token --- */

/* NULL, or why the file's contents are no token (RFC 6750, section 2.1). */
static const char *check_token(char *text, size_t bytes)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    size_t n = strspn(text, plain);
    if (n < 1 || n > TOKEN_BYTES || n + strspn(text + n, "\r\n") != bytes)
        return "must have one line, the token: letters, digits and -._~+/=";
    text[n] = 0;
    return NULL;
}

static void forget_token(void)
{
    if (whip.token)
        OPENSSL_cleanse(whip.token, strlen(whip.token));
    free(whip.token);
    whip.token = NULL;
}

/* Reads the token anew; on failure the old one stays. 0; or an exit code, with a message in
 * problem. */
static int load_token(char *problem, size_t size)
{
    size_t bytes;
    char *text = secretfile_read(whip.token_file, &bytes, problem, size);
    const char *why = text ? check_token(text, bytes) : NULL;
    if (!text)
        return CLI_FAIL;
    if (why) {
        snprintf(problem, size, "%s: %s", whip.token_file, why);
        OPENSSL_cleanse(text, bytes);
        free(text);
        return CLI_USAGE;
    }
    forget_token();
    whip.token = text;
    return 0;
}

void whip_read(const char *url, const char *token_file)
{
    char problem[512];
    if (token_file && !url)
        cli_die(CLI_USAGE, "--whip-token requires --whip");
    if (!url)
        return;
    if (!weburl_read(&whip.url, url))
        cli_die(CLI_USAGE, "--whip %s: must be like https://sfu.example/whip/view", url);
    whip.state = WAITING;
    whip.token_file = token_file;
    int status = token_file ? load_token(problem, sizeof problem) : 0;
    if (status)
        cli_die(status, "%s", problem);
}

const char *whip_file(void)
{
    return whip.token_file;
}

/* --- requests --- */

static void request_send(const char *method, const struct weburl *url, const char *type,
                         const char *body,
                         void (*done)(void *user, const struct httpresponse *response))
{
    const struct httprequest request = {
        .method = method,
        .url = url,
        .token = whip.token,
        .match = body && body == whip.fragment && *whip.etag ? whip.etag : NULL,
        .type = type,
        .body = body,
        .ms = whip.ending ? LAST_MS : REQUEST_MS,
    };
    httpclient_send(whip.client, &request, done, NULL);
}

/* Doubles with each failure, and varies, so that not all clients of an SFU return at once. */
static unsigned delay_ms(void)
{
    unsigned most = MOST_MS, random = 0;
    if (whip.failures < 5)
        most = FIRST_MS << whip.failures;
    getrandom(&random, sizeof random, GRND_NONBLOCK);
    most = most / 2 + random % (most / 2 + 1);
    return most < whip.wait_ms ? whip.wait_ms : most;
}

static void schedule(void)
{
    if (!whip.ending && whip.served->reader.stream) {
        whip.state = WAITING;
        lws_sul_schedule(whip.context, 0, &whip.retry, begin, (lws_usec_t)delay_ms() * 1000);
        whip.failures++;
    } else {
        whip.state = UNUSED;
    }
    whip.wait_ms = 0;
}

static void on_deleted(void *user, const struct httpresponse *response)
{
    (void)user;
    (void)response; /* whatever it is, there is nothing more to do */
    whip.has_session = false;
    schedule();
}

/* Leaves the SFU, and begins again later unless the server ends. */
static void leave(void)
{
    httpclient_cancel(whip.client);
    lws_sul_cancel(&whip.retry);
    if (whip.peer)
        pipeline_peer_close(whip.peer);
    whip.peer = NULL;
    free(whip.offer);
    free(whip.fragment);
    whip.offer = whip.fragment = NULL;
    if (!whip.has_session) {
        schedule();
        return;
    }
    whip.state = LEAVING;
    request_send("DELETE", &whip.session, NULL, NULL, on_deleted);
}

static void report(const char *why)
{
    char host[WEBURL_HOST + 9];
    weburl_authority(&whip.at, host);
    cli_warn("%s: WHIP to %s: %s", whip.served->name, host, why);
}

/* Reports why, unless it was the last report as well. */
static void fail(const char *why)
{
    if (strcmp(why, whip.why) && whip.served->reader.stream) {
        snprintf(whip.why, sizeof whip.why, "%s", why);
        report(why);
    }
    leave();
}

/* The meaning of a status, for a message. */
static const char *meaning(unsigned status)
{
    switch (status) {
    case 401:
        return whip.token ? "the token is not accepted" : "a token is required; see --whip-token";
    case 403:
        return "publishing there is not allowed";
    case 404:
        return "there is no such endpoint";
    case 405:
        return "no WHIP endpoint";
    case 406:
    case 415:
    case 422:
        return "the offer is not accepted; try another --codec";
    case 409:
        return "somebody else publishes there";
    case 429:
        return "too many requests";
    default:
        return status >= 500   ? "the server has a problem"
               : status >= 400 ? "the request was refused"
                               : "not a status of WHIP";
    }
}

static void fail_status(const struct httpresponse *response)
{
    char why[WHY_BYTES];
    if (!response->status)
        snprintf(why, sizeof why, "%s", response->why);
    else
        snprintf(why, sizeof why, "status %u: %s", response->status, meaning(response->status));
    whip.wait_ms =
        response->retry_after < MOST_MS / 1000 ? response->retry_after * 1000 : (unsigned)MOST_MS;
    fail(why);
}

/* --- the offer and its answer --- */

static void on_posted(void *user, const struct httpresponse *response);

static void post_offer(void)
{
    whip.state = POSTING;
    request_send("POST", &whip.at, "application/sdp", whip.offer, on_posted);
}

static void redirect(const struct httpresponse *response)
{
    if (whip.redirects++ >= REDIRECTS)
        fail("too many redirections");
    else if (!weburl_resolve(&whip.at, &whip.at, response->location))
        fail("a redirection to no URL, or from https to http");
    else
        post_offer();
}

static void on_patched(void *user, const struct httpresponse *response)
{
    (void)user;
    (void)response; /* the server may need no more candidates */
    free(whip.fragment);
    whip.fragment = NULL;
}

static void on_posted(void *user, const struct httpresponse *response)
{
    const char *why = "not SDP"; /* as there is no body */
    (void)user;
    if (response->status == 307 || response->status == 308) {
        redirect(response);
        return;
    }
    if (response->status != 201) {
        fail_status(response);
        return;
    }
    whip.has_session =
        *response->location && weburl_resolve(&whip.session, &whip.at, response->location);
    snprintf(whip.etag, sizeof whip.etag, "%s", response->etag);
    whip.state = CONNECTING;
    if (!whip.has_session) {
        fail("status 201 without the session's URL");
    } else if (!response->body || !whip.peer ||
               pipeline_accept(whip.peer, response->body, response->bytes,
                               iceservers_read(response->links), &why)) {
        char line[WHY_BYTES];
        snprintf(line, sizeof line, "not an answer: %s", whip.peer ? why : "too late");
        fail(line);
    }
}

static void on_local(void *user, const char *sdp)
{
    (void)user;
    whip.offer = strdup(sdp);
    if (whip.offer)
        post_offer();
    else
        fail(strerror(ENOMEM));
}

static void on_candidates(void *user, const char *sdp)
{
    (void)user;
    if (whip.fragment || !(whip.fragment = strdup(sdp)))
        return;
    request_send("PATCH", &whip.session, "application/trickle-ice-sdpfrag", whip.fragment,
                 on_patched);
}

static void on_connected(void *user)
{
    (void)user;
    whip.state = CONNECTED;
    whip.connected_ns = monotonic_ns();
    if (*whip.why || whip.served->streams->verbose)
        report("connected");
    *whip.why = 0;
}

static void on_refused(void *user, int status, const char *why)
{
    (void)user;
    (void)status;
    whip.peer = NULL;
    fail(why);
}

static void on_closed(void *user, const char *why)
{
    (void)user;
    whip.peer = NULL;
    if (whip.state == CONNECTED && monotonic_ns() - whip.connected_ns >= LASTING_MS * 1000000ull)
        whip.failures = 0;
    fail(why);
}

static const struct pipeline_ops ops = {
    .local = on_local,
    .candidates = on_candidates,
    .connected = on_connected,
    .refused = on_refused,
    .closed = on_closed,
};

/* --- begin and end --- */

static void begin(lws_sorted_usec_list_t *timer)
{
    char problem[512];
    (void)timer;
    whip.at = whip.url;
    whip.redirects = 0;
    if (whip.token_file && load_token(problem, sizeof problem) && strcmp(problem, whip.why)) {
        snprintf(whip.why, sizeof whip.why, "%.300s", problem);
        cli_warn("%s; the old token stays in use", problem);
    }
    whip.state = OFFERING;
    whip.peer = pipeline_propose(whip.pipeline, false, &ops, NULL);
}

void whip_prepare(struct lws_context *context)
{
    if (whip.state == UNUSED)
        return;
    whip.context = context;
    whip.client = httpclient_new(context);
    if (!whip.client)
        cli_die(CLI_FAIL, "--whip: the system's certificates cannot be loaded");
}

void whip_open(struct pipeline *pipeline, const struct served *served)
{
    whip.pipeline = pipeline;
    whip.served = served;
    if (whip.client)
        begin(NULL);
}

void whip_update(void)
{
    if (!whip.client)
        return;
    httpclient_update(whip.client);
    if (whip.state != UNUSED && whip.state != LEAVING && !whip.served->reader.stream)
        leave();
}

bool whip_ending(void)
{
    if (!whip.client)
        return false;
    if (!whip.ending) {
        whip.ending = true;
        leave();
    }
    return whip.state == LEAVING;
}

void whip_close(void)
{
    httpclient_free(whip.client);
    if (whip.peer)
        pipeline_peer_close(whip.peer);
    lws_sul_cancel(&whip.retry);
    whip.client = NULL;
    whip.peer = NULL;
    forget_token();
}

const char *whip_state(void)
{
    static const char *const names[] = {
        [WAITING] = "waiting",       [OFFERING] = "connecting", [POSTING] = "connecting",
        [CONNECTING] = "connecting", [CONNECTED] = "connected", [LEAVING] = "waiting"};
    return names[whip.state];
}
