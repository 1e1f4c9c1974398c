/* SIGHUP: certificate, key and tokens are read again. What is broken is told, and the old stays. */
#include "auth.h"
#include "tool/cli.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int reload_fd = -1;

void reload_open(const struct server *server)
{
    sigset_t hup;
    if (!server->tls && !server->tokens)
        return;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    /* What is blocked is queued also where it is ignored, as under nohup. */
    if (pthread_sigmask(SIG_BLOCK, &hup, NULL) ||
        (reload_fd = signalfd(-1, &hup, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
        cli_die(CLI_FAIL, "SIGHUP: %s", strerror(errno));
}

int reload_adopt(struct server *server)
{
    lws_sock_file_fd_type fd = {.filefd = reload_fd};
    if (reload_fd < 0)
        return 0;
    server->reloader =
        lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "shmcast", NULL);
    return server->reloader ? 0 : -1;
}

static void reload_tokens(struct server *server)
{
    char problem[512];
    struct tokens tokens;
    if (tokens_load(&tokens, server->token_file, problem, sizeof problem)) {
        cli_warn("%s; the old tokens stay", problem);
        return;
    }
    tokens_free(server->tokens);
    *server->tokens = tokens;
    for (size_t i = 0; i < server->source_count; i++)
        for (struct viewer *viewer = server->sources[i].viewers; viewer;)
            if (access_still(viewer->conn)) {
                viewer = viewer->next;
            } else { /* with what it held the stream may end, and all its viewers go */
                conn_end(viewer->conn, LWS_CLOSE_STATUS_POLICY_VIOLATION);
                viewer = server->sources[i].viewers;
            }
}

void reload_take(struct server *server)
{
    struct signalfd_siginfo info;
    char problem[512];
    if (read(reload_fd, &info, sizeof info) != sizeof info)
        return;
    if (server->tls &&
        tls_load(&server->tls, server->tls_cert, server->tls_key, problem, sizeof problem))
        cli_warn("%s; the old certificate stays", problem);
    if (server->tokens)
        reload_tokens(server);
}
