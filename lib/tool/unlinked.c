#include "tool/unlinked.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Opens an object by a path in /proc/PID. That process may change the path's object at any time,
 * and root could be made to open any file: so the object is found without opening it, checked, and
 * only then opened. NULL with errno.
 */
static struct stream *peek_checked(const struct procscan_use *use, const char *name,
                                   struct stat *st)
{
    char self[64];
    struct stat shm, now;
    struct stream *stream = NULL;
    int fd = open(use->path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &now) || stat("/dev/shm", &shm)) {
        errno = EACCES; /* no permission, or closed meanwhile */
    } else if (!S_ISREG(now.st_mode) || now.st_dev != shm.st_dev || now.st_ino != use->inode) {
        errno = EACCES;
    } else {
        *st = now;
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        stream = stream_peek(self, name);
    }
    int err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    return stream;
}

/* One object, by all its uses. */
static int unlinked_one(const struct procscan_use *uses, size_t count, stream_each *each,
                        void *user)
{
    struct stat st = {.st_ino = uses->inode};
    struct stream *stream = NULL;
    const char *name = "";
    int err = EACCES;
    bool nameless = false;
    for (size_t i = 0; i < count; i++) {
        nameless |= uses[i].nameless;
        if (!*name)
            name = uses[i].name;
    }
    if (!nameless || !*name)
        return 0;
    for (size_t i = 0; i < count && !stream && err == EACCES; i++) {
        stream = peek_checked(&uses[i], name, &st);
        err = stream ? 0 : errno == ENOENT || errno == EPERM ? EACCES : errno;
    }
    int result = st.st_nlink ? 0 : each(name, &st, stream, err, user);
    stream_close(stream);
    return result;
}

int unlinked_list(const struct procscan *scan, stream_each *each, void *user)
{
    size_t all, count;
    const struct procscan_use *uses = procscan_all(scan, &all);
    int result = 0;
    for (size_t i = 0; result == 0 && i < all; i += count) {
        for (count = 1; i + count < all && uses[i + count].inode == uses[i].inode;)
            count++;
        result = unlinked_one(uses + i, count, each, user);
    }
    return result;
}

struct recall {
    const char *name;
    int marked;
};

static int recall_one(const char *name, const struct stat *st, struct stream *stream, int err,
                      void *user)
{
    struct recall *r = user;
    (void)st;
    (void)err;
    if (stream && !strcmp(name, r->name) && stream_alive(stream) == 0 &&
        stream_supersede(stream) == 0)
        r->marked++;
    return 0;
}

int unlinked_recall(const char *name)
{
    struct recall r = {.name = name};
    struct procscan *scan = procscan_run();
    if (!scan)
        return -1;
    unlinked_list(scan, recall_one, &r);
    procscan_free(scan);
    return r.marked;
}

struct inherit {
    const char *name;
    const struct stream_spec *chosen;
    struct stream_spec *spec;
    uint64_t created_ns; /* of the stream that spec is from; 0: none */
};

static int inherit_one(const char *name, const struct stat *st, struct stream *stream, int err,
                       void *user)
{
    struct inherit *i = user;
    (void)err;
    if (!stream || strcmp(name, i->name) || st->st_uid != geteuid() || stream_alive(stream) ||
        stream_header(stream)->created_ns <= i->created_ns)
        return 0;
    struct stream_spec spec = *i->chosen;
    if (stream_inherit(&spec, stream) == 0) {
        *i->spec = spec;
        i->created_ns = stream_header(stream)->created_ns;
    }
    return 0;
}

int unlinked_inherit(const char *name, struct stream_spec *spec)
{
    const struct stream_spec chosen = *spec;
    struct inherit i = {.name = name, .chosen = &chosen, .spec = spec};
    struct procscan *scan = procscan_run();
    if (!scan)
        return -1;
    unlinked_list(scan, inherit_one, &i);
    procscan_free(scan);
    return i.created_ns > 0;
}
