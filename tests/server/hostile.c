/*
 * A server with a flaw: a request for a path that ends in /hostile makes it do what an attacker
 * would, and print a line for each act that succeeded. SECRET names a file, VICTIM a process,
 * SOCKET a Unix socket, PORT a TCP port of 127.0.0.1. With UNCONFINED it runs as without confine.c.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "server/confine.h"

const char *__real_request_path(struct lws *wsi, int *method);
const char *__wrap_request_path(struct lws *wsi, int *method);
void __real_confine(const struct server *server, const char *socket_path);
void __wrap_confine(const struct server *server, const char *socket_path);

static void report(const char *act, int result)
{
    if (result >= 0)
        dprintf(STDERR_FILENO, "hostile: %s\n", act);
}

static int run_program(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

static int connect_to(int domain, const void *address, socklen_t bytes)
{
    int fd = socket(domain, SOCK_STREAM, 0);
    return fd < 0 ? -1 : connect(fd, address, bytes);
}

static int listen_somewhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? -1 : listen(fd, 1);
}

static int read_memory(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    return open(path, O_RDONLY);
}

static int peek(pid_t pid)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)environ, 1};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno == EFAULT ? 0 : -1;
}

static void attack(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)atoi(getenv("PORT")))};
    struct io_uring_params ring = {0};
    const char *secret = getenv("SECRET");
    char other[512];
    pid_t victim = (pid_t)atoi(getenv("VICTIM"));
    strncpy(local.sun_path, getenv("SOCKET"), sizeof local.sun_path - 1);
    snprintf(other, sizeof other, "%s.new", secret);
    report("read a file", open(secret, O_RDONLY));
    report("write a file", open(secret, O_WRONLY));
    report("truncate a file", truncate(secret, 1));
    report("make a file", open(other, O_WRONLY | O_CREAT, 0600));
    report("make a stream", open("/dev/shm/shmcast-hostile", O_WRONLY | O_CREAT, 0600));
    unlink("/dev/shm/shmcast-hostile");
    report("rename a file", rename(secret, other));
    rename(other, secret);
    report("list a folder", open("/", O_RDONLY | O_DIRECTORY));
    report("run a program", run_program());
    report("connect to a program", connect_to(AF_UNIX, &local, sizeof local));
    report("connect to a port", connect_to(AF_INET, &port, sizeof port));
    report("listen", listen_somewhere());
    report("read another process", read_memory(victim));
    report("peek into another process", peek(victim));
    report("signal another process", kill(victim, SIGUSR1));
    report("use io_uring", (int)syscall(SYS_io_uring_setup, 1, &ring));
    dprintf(STDERR_FILENO, "hostile: done\n");
}

const char *__wrap_request_path(struct lws *wsi, int *method)
{
    const char *path = __real_request_path(wsi, method);
    const char *end = path ? strrchr(path, '/') : NULL;
    if (end && strcmp(end, "/hostile") == 0)
        attack();
    return path;
}

void __wrap_confine(const struct server *server, const char *socket_path)
{
    if (!getenv("UNCONFINED"))
        __real_confine(server, socket_path);
}
