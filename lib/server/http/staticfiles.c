#include "staticfiles.h"
#include "tool/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 8, PATH_BYTES = 4096 };

static const struct {
    const char *suffix, *type;
} types[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"wasm", "application/wasm"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"pdf", "application/pdf"},
};

static const char *file_type(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name ? name : path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot + 1, types[i].suffix) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* The kernel makes sure that no path and no link leads out of the folder. If a file was moved
 * meanwhile it reports EAGAIN. */
static int open_beneath(int folder, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    for (int i = 0; i < TRIES; i++) {
        fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return (int)fd;
}

int staticfiles_open_folder(const char *path)
{
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int test = folder < 0 ? -1 : open_beneath(folder, ".");
    if (test < 0)
        cli_die(CLI_FAIL, "--www %s: %s", path,
                errno == ENOSYS ? "needs openat2 (Linux 5.6 or later)" : strerror(errno));
    close(test);
    return folder;
}

/* Names that begin with a dot are private, . and .. included. */
static bool is_hidden(const char *path)
{
    return *path == '.' || strstr(path, "/.");
}

enum staticfiles_found staticfiles_open(int folder, const char *path, struct staticfile *file)
{
    char name[PATH_BYTES];
    struct stat stat;
    size_t bytes = strlen(path);
    bool in_folder = !bytes || path[bytes - 1] == '/';
    if (is_hidden(path) || snprintf(name, sizeof name, "%s%s", path,
                                    in_folder ? "index.html" : "") >= (int)sizeof name)
        return STATICFILES_NOTHING;
    int fd = open_beneath(folder, name);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? STATICFILES_BUSY
                                                                     : STATICFILES_NOTHING;
    if (fstat(fd, &stat))
        stat.st_mode = 0;
    if (!S_ISREG(stat.st_mode)) {
        close(fd);
        return S_ISDIR(stat.st_mode) && !in_folder ? STATICFILES_FOLDER : STATICFILES_NOTHING;
    }
    file->fd = fd;
    file->bytes = (uint64_t)stat.st_size;
    file->type = file_type(name);
    snprintf(file->tag, sizeof file->tag, "\"%" PRIx64 "-%" PRIx64 ".%lx\"", file->bytes,
             (uint64_t)stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec);
    return STATICFILES_FILE;
}

bool staticfiles_has_fury(int folder)
{
    struct staticfile file;
    char text[16384];
    ssize_t bytes = -1;
    if (staticfiles_open(folder, "js/interaction.js", &file) == STATICFILES_FILE) {
        bytes = read(file.fd, text, sizeof text);
        close(file.fd);
    }
    return bytes > 0 && memmem(text, (size_t)bytes, "mouseLeftClick", strlen("mouseLeftClick"));
}
