#include "iceagent.h"
#include "ice.h"
#include <nice/agent.h>
#include <string.h>

enum { COMPONENT = 1 };

struct iceagent {
    const struct iceagent_ops *ops;
    void *user;
    NiceAgent *agent;
    guint stream;
};

static void on_gathered(NiceAgent *agent, guint stream, struct iceagent *ice)
{
    (void)agent;
    (void)stream;
    ice->ops->gathered(ice->user);
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint state,
                     struct iceagent *ice)
{
    (void)agent;
    (void)stream;
    (void)component;
    if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY)
        ice->ops->connected(ice->user);
    else if (state == NICE_COMPONENT_STATE_FAILED)
        ice->ops->failed(ice->user);
}

static void on_received(NiceAgent *agent, guint stream, guint component, guint bytes, gchar *data,
                        gpointer user)
{
    struct iceagent *ice = user;
    (void)agent;
    (void)stream;
    (void)component;
    ice->ops->received(ice->user, (const uint8_t *)data, bytes);
}

static void use_server(struct iceagent *ice, const struct iceserver *server)
{
    if (server->kind == ICESERVER_STUN)
        g_object_set(ice->agent, "stun-server", server->host, "stun-server-port",
                     (guint)server->port, NULL);
    else
        nice_agent_set_relay_info(ice->agent, ice->stream, COMPONENT, server->host,
                                  (guint)server->port, server->user, server->password,
                                  server->kind == ICESERVER_TURN_UDP   ? NICE_RELAY_TYPE_TURN_UDP
                                  : server->kind == ICESERVER_TURN_TCP ? NICE_RELAY_TYPE_TURN_TCP
                                                                       : NICE_RELAY_TYPE_TURN_TLS);
}

void iceagent_add_servers(struct iceagent *ice, const struct iceserver *servers)
{
    for (; servers->host; servers++)
        use_server(ice, servers);
}

struct iceagent *iceagent_new(struct loopthread *thread, bool controlling,
                              const struct iceserver *servers, const struct iceagent_ops *ops,
                              void *user)
{
    struct iceagent *ice = g_new0(struct iceagent, 1);
    ice->ops = ops;
    ice->user = user;
    /* Trickle: candidates that never come do not fail the connection; those of the peer are
     * optional, as its checks show its address. */
    ice->agent =
        nice_agent_new_full(loopthread_context(thread), NICE_COMPATIBILITY_RFC5245,
                            NICE_AGENT_OPTION_ICE_TRICKLE | NICE_AGENT_OPTION_REGULAR_NOMINATION);
    g_object_set(ice->agent, "controlling-mode", (gboolean)controlling, "upnp", FALSE, "ice-tcp",
                 FALSE, NULL);
    ice->stream = nice_agent_add_stream(ice->agent, COMPONENT);
    if (!ice->stream) {
        iceagent_free(ice);
        return NULL;
    }
    iceagent_add_servers(ice, servers);
    g_signal_connect(ice->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), ice);
    g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(on_state), ice);
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, loopthread_context(thread),
                           on_received, ice);
    return ice;
}

void iceagent_free(struct iceagent *ice)
{
    if (!ice)
        return;
    g_signal_handlers_disconnect_by_data(ice->agent, ice);
    if (ice->stream)
        nice_agent_remove_stream(ice->agent, ice->stream);
    g_object_unref(ice->agent);
    g_free(ice);
}

void iceagent_set_remote(struct iceagent *ice, const char *user, const char *password,
                         char *const *candidates)
{
    GSList *list = NULL;
    nice_agent_set_remote_credentials(ice->agent, ice->stream, user, password);
    for (; *candidates; candidates++) {
        char *line = g_strconcat("a=candidate:", *candidates, NULL);
        NiceCandidate *candidate =
            nice_agent_parse_remote_candidate_sdp(ice->agent, ice->stream, line);
        g_free(line);
        if (candidate)
            list = g_slist_prepend(list, candidate);
    }
    if (list)
        nice_agent_set_remote_candidates(ice->agent, ice->stream, COMPONENT, list);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

bool iceagent_gather(struct iceagent *ice)
{
    return nice_agent_gather_candidates(ice->agent, ice->stream);
}

void iceagent_local(struct iceagent *ice, char **user, char **password, char ***candidates)
{
    static const char prefix[] = "a=candidate:";
    GPtrArray *lines = g_ptr_array_new();
    *user = *password = NULL;
    nice_agent_get_local_credentials(ice->agent, ice->stream, user, password);
    GSList *list = nice_agent_get_local_candidates(ice->agent, ice->stream, COMPONENT);
    for (GSList *l = list; l; l = l->next) {
        char *line = nice_agent_generate_local_candidate_sdp(ice->agent, l->data);
        if (g_str_has_prefix(line, prefix))
            g_ptr_array_add(lines, g_strdup(line + strlen(prefix)));
        g_free(line);
    }
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
    g_ptr_array_add(lines, NULL);
    *candidates = (char **)g_ptr_array_free(lines, FALSE);
}

void iceagent_send(struct iceagent *ice, const void *data, size_t bytes)
{
    nice_agent_send(ice->agent, ice->stream, COMPONENT, (guint)bytes, data);
}

bool iceagent_send_packets(struct iceagent *ice, const struct packet *packets, unsigned count)
{
    GOutputVector parts[PACKET_BATCH];
    NiceOutputMessage messages[PACKET_BATCH];
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (GOutputVector){packets[i].data, packets[i].bytes};
        messages[i] = (NiceOutputMessage){&parts[i], 1};
    }
    return nice_agent_send_messages_nonblocking(ice->agent, ice->stream, COMPONENT, messages, count,
                                                NULL, NULL) == (gint)count;
}
