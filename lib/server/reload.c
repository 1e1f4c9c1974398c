#include "reload.h"
#include "http/tls.h"
#include "http/token.h"
#include "server.h"
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
    if (!server->site.tls && !server->site.tokens)
        return;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    /* A blocked signal is queued even if it is ignored, as under nohup. */
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
        cli_warn("%s; the old tokens stay in use", problem);
        return;
    }
    tokens_free(server->site.tokens);
    *server->site.tokens = tokens;
    for (size_t i = 0; i < server->streams.count; i++)
        for (struct viewer *viewer = server->streams.list[i].viewers, *next; viewer;
             viewer = next) {
            next = viewer->next;
            if (!viewer->transport->authorized(viewer->link))
                viewer_close(viewer, LWS_CLOSE_STATUS_POLICY_VIOLATION);
        }
}

void reload_take(struct server *server)
{
    struct signalfd_siginfo info;
    char problem[512];
    if (read(reload_fd, &info, sizeof info) != sizeof info)
        return;
    if (server->site.tls &&
        tls_load(&server->site.tls, server->tls_cert, server->tls_key, problem, sizeof problem))
        cli_warn("%s; the old certificate stays in use", problem);
    if (server->site.tokens)
        reload_tokens(server);
}
