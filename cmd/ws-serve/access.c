/* Who may do what: every request and every handshake comes through here first. */
#include "serve.h"

bool access_admit(struct conn *conn, struct refusal *refusal)
{
    *refusal = (struct refusal){0, NULL, NULL};
    conn->role = conn->server->view_only ? ROLE_VIEW : ROLE_CONTROL;
    return true;
}
