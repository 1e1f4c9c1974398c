#include "whep.h"
#include "conn.h"
#include "response.h"
#include "server/stream/message.h"
#include "textbuf.h"
#include <stdlib.h>
#include <string.h>

struct whep {
    struct conn *conn;
    struct response *response;
    struct credentials credentials;
    struct served *served;
    bool fury;
    bool body_ended;
    char *id; /* of the session to answer, or NULL */
    struct textbuf body;
    struct session *session; /* NULL: none yet, or none any more */
};

struct whep *whep_new(struct conn *conn, struct response *response,
                      const struct credentials *credentials, struct served *served, bool fury,
                      const char *id)
{
    struct whep *request = calloc(1, sizeof *request);
    if (!request || (id && !(request->id = strdup(id)))) {
        free(request);
        return NULL;
    }
    request->conn = conn;
    request->response = response;
    request->credentials = *credentials;
    request->served = served;
    request->fury = fury;
    return request;
}

static const struct whep_ops *ops(const struct whep *request)
{
    return conn_site(request->conn)->whep;
}

void whep_free(struct whep *request)
{
    if (!request)
        return;
    if (request->session)
        ops(request)->forget(request->session);
    textbuf_free(&request->body);
    free(request->id);
    free(request);
}

int whep_body(struct whep *request, const char *data, size_t bytes)
{
    /* The length was checked before; lws delivers no more than that. */
    return !request->body_ended && request->body.bytes + bytes <= MESSAGE_BYTES
               ? textbuf_add(&request->body, data, bytes)
               : -1;
}

static int take_answer(struct whep *request)
{
    struct refusal refusal;
    bool taken = ops(request)->accept(request->served, request->id, request->body.text,
                                      request->body.bytes, &refusal);
    return taken ? response_head(request->response, HTTP_STATUS_NO_CONTENT, NULL)
                 : response_text(request->response, refusal.status, refusal.extra, refusal.why);
}

int whep_body_end(struct whep *request)
{
    struct served *served = request->served;
    struct refusal refusal;
    if (request->body_ended) /* a further request, before this one was answered: not served */
        return -1;
    request->body_ended = true;
    if (!served->reader.stream)
        return response_text(request->response, HTTP_STATUS_GONE, NULL, "the stream was removed");
    if (served->streams->ending)
        return response_text(request->response, HTTP_STATUS_SERVICE_UNAVAILABLE, NULL,
                             "the server is shutting down");
    if (request->id)
        return take_answer(request);
    request->session = ops(request)->offer(request, served, request->fury, request->body.text,
                                           request->body.bytes, &refusal);
    textbuf_free(&request->body);
    return request->session
               ? 0
               : response_text(request->response, refusal.status, refusal.extra, refusal.why);
}

int whep_write(struct whep *request)
{
    struct whep_answer answer = {0};
    if (!request->session || !ops(request)->answer(request->session, &answer))
        return 0;
    request->session = NULL;
    return answer.text ? response_owned(request->response, answer.status, answer.type, answer.extra,
                                        answer.text, strlen(answer.text))
                       : response_text(request->response, answer.status, answer.extra, answer.why);
}

bool whep_is_over(const struct whep *request)
{
    return request->body_ended && !request->session;
}

void whep_forget_session(struct whep *request)
{
    request->session = NULL;
}

struct conn *whep_conn(const struct whep *request)
{
    return request->conn;
}

const struct credentials *whep_credentials(const struct whep *request)
{
    return &request->credentials;
}
