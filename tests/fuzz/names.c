/*
 * Stream names: stream_name of any bytes. Streams created, attached and removed under an accepted
 * name are in /dev/shm itself and nowhere else. Only names that begin with fuzz-names-PID- are
 * created.
 */
#include "fuzz.h"
#include "stream.h"
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checks that the stream's descriptor is that of /dev/shm/NAME. */
static void in_its_place(const struct stream *stream, const char *name)
{
    char self[64], path[4096], wanted[4096];
    snprintf(self, sizeof self, "/proc/self/fd/%d", stream_fd(stream));
    ssize_t n = readlink(self, path, sizeof path - 1);
    CHECK(n > 0);
    path[n] = 0;
    snprintf(wanted, sizeof wanted, "/dev/shm/%s", name);
    CHECK(!strcmp(path, wanted) && !strcmp(stream_own_name(stream), name));
}

static bool sound(const char *name)
{
    size_t bytes = strlen(name);
    if (bytes < 1 || bytes > 250 || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    for (; *name; name++)
        if (*name == '/' || (unsigned char)*name < ' ' || *name == 127)
            return false;
    return true;
}

/* Only peeks: the stream may belong to any program. */
static void look(const char *text)
{
    errno = 0;
    const char *name = stream_name(text);
    CHECK(name ? sound(name) : errno == EINVAL);
    CHECK(!name == !sound(text + (*text == '/')));
    struct stream *stream = stream_attach(text, STREAM_PEEK);
    CHECK(stream || errno);
    if (!name)
        CHECK(!stream && errno == EINVAL);
    if (stream)
        in_its_place(stream, name);
    else
        CHECK(*stream_problem(errno));
    stream_close(stream);
}

static void make_and_remove(const char *text)
{
    struct stream_spec tiny = {
        .width = 1, .height = 1, .slots = 2, .events = 16, .packet_bytes = 1};
    const char *name = stream_name(text);
    struct stat st;
    char path[4096];
    struct stream *stream = stream_create(text, &tiny, false);
    if (!stream) {
        CHECK(name ? errno == ENAMETOOLONG : errno == EINVAL);
        return;
    }
    CHECK(name);
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
    CHECK(!stream_create(text, &tiny, false) && errno == EEXIST);
    struct stream *other = stream_attach(text, STREAM_READ);
    CHECK(other);
    in_its_place(other, name);
    CHECK(stream_remove(other, false) == -1 && errno == EBUSY);
    stream_close(other);
    CHECK(stream_remove(stream, true) == 0);
    CHECK(lstat(path, &st) == -1 && errno == ENOENT);
    stream_close(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%sfuzz-names-%d-", bytes % 2 ? "/" : "", (int)getpid());
    if (bytes > sizeof text - (size_t)n - 1)
        return 0;
    memcpy(text + n, data, bytes);
    text[(size_t)n + bytes] = 0;
    make_and_remove(text);
    look(text + n);
    return 0;
}
