/*
 * shmcast-test CASE NAME: tests of libshmcast through shmcast.h alone, in the stream NAME and with
 * real programs of the toolkit where two are needed. CASE: structs images packets events waiting
 * poll replaced threads, or, for tests/cli/library.bats, own keep fork hold follow demand watch.
 * Exit: 0; 1 with the line of the first check that failed.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <shmcast.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition) check(condition, #condition, __LINE__)
/* A call that must fail with this errno. */
#define FAILS(call, err)                                                                           \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((call) == -1 && errno == (err));                                                     \
    } while (0)

static const int64_t SOON = INT64_C(20000000), LONG = INT64_C(60000000000);

static void check(int good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "shmcast-test: line %d: %s: errno %d: %s\n", line, what, errno,
            shmcast_strerror(errno));
    exit(1);
}

static shmcast_stream *create(const char *name, uint32_t width, uint32_t height, uint32_t format)
{
    struct shmcast_spec spec = {.size = sizeof spec,
                                .width = width,
                                .height = height,
                                .format = format,
                                .slots = 3,
                                .events = 64};
    shmcast_stream *s = shmcast_create(name, &spec);
    CHECK(s != NULL);
    return s;
}

static struct shmcast_image image_of(uint32_t width, uint32_t height, uint32_t format)
{
    return (struct shmcast_image){
        .size = sizeof(struct shmcast_image), .width = width, .height = height, .format = format};
}

static void publish(shmcast_stream *s, int value)
{
    struct shmcast_image image = image_of(0, 0, 0);
    CHECK(shmcast_begin(s, SHMCAST_FRAMES, &image) == 0);
    memset(image.data, value, image.bytes);
    CHECK(shmcast_publish(s, SHMCAST_FRAMES, &image) == 0);
}

static int first_byte(shmcast_stream *s)
{
    struct shmcast_image image = image_of(0, 0, 0);
    CHECK(shmcast_pin(s, SHMCAST_FRAMES, &image) == 1);
    return *(unsigned char *)image.data;
}

/* A structure of a later version: 16 bytes more, and a guard. */
struct longer {
    union {
        uint32_t size;
        struct shmcast_spec spec;
        struct shmcast_info info;
        struct shmcast_image image;
    } known;
    char guard[64];
};

static void structs(const char *name)
{
    static const uint32_t wrong[] = {0, 1, 4, 39};
    static const uint32_t huge[] = {4097, 1 << 20, UINT32_MAX};
    struct shmcast_spec spec = {.size = sizeof spec};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        spec.size = wrong[i];
        errno = 0;
        CHECK(shmcast_create(name, &spec) == NULL && errno == EINVAL);
    }
    /* Nothing is read of a structure that is too large: it ends where memory ends. */
    long page = sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + page, (size_t)page, PROT_NONE) == 0);
    struct shmcast_spec *last = (struct shmcast_spec *)(void *)(pages + page) - 1;
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        last->size = huge[i];
        errno = 0;
        CHECK(shmcast_create(name, last) == NULL && errno == E2BIG);
    }
    munmap(pages, (size_t)page * 2);
    struct longer l;
    memset(&l, 0, sizeof l);
    l.known.spec = (struct shmcast_spec){.width = 64, .height = 48, .events = 64, .slots = 2};
    l.known.size = sizeof spec + 16;
    ((char *)&l)[sizeof spec + 15] = 1; /* a field that we do not know, and that is set */
    CHECK(shmcast_create(name, &l.known.spec) == NULL && errno == E2BIG);
    ((char *)&l)[sizeof spec + 15] = 0;
    shmcast_stream *s = shmcast_create(name, &l.known.spec);
    CHECK(s != NULL);

    memset(&l, 'x', sizeof l);
    l.known.size = sizeof l.known.info + 16;
    memset((char *)&l + sizeof l.known.info, 0, 16);
    CHECK(shmcast_info(s, &l.known.info) == 0);
    CHECK(l.known.info.size == sizeof l.known.info + 16 && l.known.info.width == 64);
    CHECK(l.known.info.slots == 2 && l.known.info.events == 64 && l.known.info.generation != 0);
    CHECK(l.known.info.flags == (SHMCAST_OWNED | SHMCAST_WRITABLE));
    CHECK(((char *)&l)[sizeof l.known.info + 16] == 'x');
    l.known.size = sizeof l.known.info - 1;
    FAILS(shmcast_info(s, &l.known.info), EINVAL);

    struct shmcast_image image = image_of(0, 0, 0);
    image.size = sizeof image - 8;
    FAILS(shmcast_begin(s, SHMCAST_FRAMES, &image), EINVAL);
    image.size = UINT32_MAX;
    FAILS(shmcast_begin(s, SHMCAST_FRAMES, &image), E2BIG);
    FAILS(shmcast_publish(s, SHMCAST_FRAMES, &image), E2BIG);
    FAILS(shmcast_pin(s, SHMCAST_FRAMES, &image), E2BIG);

    struct shmcast_event event = {.type = SHMCAST_POINTER_MOVE};
    FAILS(shmcast_events(s, &event, sizeof event - 1, 1, NULL), EINVAL);
    FAILS(shmcast_inject(s, &event, sizeof event - 1, 1), EINVAL);
    FAILS(shmcast_inject(s, &event, 4097, 1), E2BIG);
    CHECK(shmcast_coalesce(&event, 3, 1) == 0);
    /* Events of a later version. */
    struct {
        struct shmcast_event known;
        uint64_t more;
    } later[2] = {{.known.type = SHMCAST_WHEEL, .known.dy = 3},
                  {.known.type = SHMCAST_WHEEL, .known.dy = 4}};
    later[1].more = 7;
    FAILS(shmcast_inject(s, &later[0].known, sizeof later[0], 2), E2BIG);
    later[1].more = 0;
    CHECK(shmcast_inject(s, &later[0].known, sizeof later[0], 2) == 0);
    memset(later, 'x', sizeof later);
    CHECK(shmcast_events(s, &later[0].known, sizeof later[0], 2, NULL) == 2);
    CHECK(later[1].known.dy == 4 && later[1].more == 0 && later[1].known.number == 2);
    CHECK(shmcast_coalesce(&later[0].known, sizeof later[0], 2) == 1 && later[0].known.dy == 7);

    /* Values out of range. */
    struct shmcast_spec bad[] = {{.flags = SHMCAST_OWNED},
                                 {.width = 9},
                                 {.width = 70000, .height = 1},
                                 {.slots = 65},
                                 {.slots = 1},
                                 {.events = (1 << 24) + 1},
                                 {.mode = 0400},
                                 {.mode = 01600},
                                 {.format = 99},
                                 {.packet_bytes = UINT64_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].size = sizeof bad[i];
        bad[i].flags |= SHMCAST_REPLACE;
        CHECK(shmcast_create(name, &bad[i]) == NULL && errno == EINVAL);
    }
    CHECK(shmcast_create("a/b", NULL) == NULL && errno == EINVAL);
    CHECK(shmcast_create(name, NULL) == NULL && errno == EEXIST);
    shmcast_close(s);
    CHECK(shmcast_attach(name) == NULL && errno == ENOENT);
    shmcast_close(NULL);
}

/* Each format, with odd sizes, row padding and row order, from one handle to another. */
static void images(const char *name)
{
    shmcast_stream *s = create(name, 67, 45, SHMCAST_RGBA), *r = shmcast_attach(name);
    CHECK(r != NULL);
    for (uint32_t format = SHMCAST_GRAY8; format <= SHMCAST_F32; format++)
        for (uint32_t padding = 0; padding <= 8; padding += 4) {
            struct shmcast_image out = image_of(33, 17, format), in = image_of(0, 0, 0);
            out.flags = padding ? SHMCAST_BOTTOM_UP : 0;
            CHECK(shmcast_begin(s, SHMCAST_FRAMES, &out) == 0);
            CHECK(out.data && out.capacity >= 67 * 45 * 4 && out.capacity >= out.bytes);
            for (int i = 0; i < 3; i++)
                if (out.stride[i])
                    out.stride[i] += padding;
            shmcast_abort(s, SHMCAST_FRAMES);
            CHECK(shmcast_begin(s, SHMCAST_FRAMES, &out) == 0);
            memset(out.data, (int)format, out.bytes);
            out.event = 7;
            out.captured_ns = 9;
            CHECK(shmcast_publish(s, SHMCAST_FRAMES, &out) == 0);
            CHECK(out.number && out.frame == out.number && out.published_ns && !out.data);
            CHECK(shmcast_pin(r, SHMCAST_FRAMES, &in) == 1);
            CHECK(in.format == format && in.width == 33 && in.height == 17);
            CHECK(in.flags == out.flags && in.bytes == out.bytes && in.number == out.number);
            CHECK(!memcmp(in.stride, out.stride, sizeof in.stride) && in.stride[0]);
            CHECK(!memcmp(in.offset, out.offset, sizeof in.offset));
            CHECK(in.event == 7 && in.captured_ns == 9 && in.published_ns == out.published_ns);
            for (uint64_t i = 0; i < in.bytes; i++)
                CHECK(((unsigned char *)in.data)[i] == format);
            CHECK(shmcast_pin(r, SHMCAST_FRAMES, &in) == 0);
        }

    /* Images that do not fit, or do not exist. */
    struct shmcast_image big = image_of(67, 46, SHMCAST_RGBA);
    FAILS(shmcast_begin(s, SHMCAST_FRAMES, &big), EMSGSIZE);
    struct shmcast_image bad[] = {{.format = 10},         {.width = 5},
                                  {.flags = 4},           {.stride = {1}},
                                  {.stride = {0, 67}},    {.matrix = 3},
                                  {.matrix = 257},        {.alpha = 3},
                                  {.aspect_num = 1},      {.width = 1, .height = UINT32_MAX},
                                  {.stride = {1u << 31}}, {.aspect_num = 70000, .aspect_den = 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].size = sizeof bad[i];
        FAILS(shmcast_begin(s, SHMCAST_FRAMES, &bad[i]), EINVAL);
    }
    FAILS(shmcast_begin(s, SHMCAST_EVENTS, &big), EINVAL);
    struct shmcast_image image = image_of(0, 0, 0);
    FAILS(shmcast_publish(s, SHMCAST_FRAMES, &image), EINVAL); /* not begun */
    CHECK(shmcast_begin(s, SHMCAST_FRAMES, &image) == 0);
    CHECK(image.width == 67 && image.height == 45 && image.format == SHMCAST_RGBA);
    CHECK(image.stride[0] == 67 * 4 && image.bytes == 67 * 4 * 45);
    image.stride[0] = UINT32_MAX / 2;
    FAILS(shmcast_publish(s, SHMCAST_FRAMES, &image), EMSGSIZE);
    image.stride[0] = 0;
    CHECK(shmcast_publish(s, SHMCAST_FRAMES, &image) == 0); /* it has stayed begun */

    /* Another writer; a full ring: the newest, and two readers' pins, take all of three slots. */
    struct shmcast_image other = image_of(0, 0, 0);
    FAILS(shmcast_begin(r, SHMCAST_FRAMES, &other), EBUSY);
    publish(s, 1);
    CHECK(first_byte(r) == 1);
    shmcast_stream *r2 = shmcast_attach(name);
    publish(s, 2);
    CHECK(first_byte(r2) == 2);
    publish(s, 3);
    image = image_of(0, 0, 0);
    FAILS(shmcast_begin(s, SHMCAST_FRAMES, &image), EAGAIN);
    shmcast_release(r, SHMCAST_FRAMES);
    publish(s, 4);
    CHECK(first_byte(r) == 4);
    shmcast_close(r2);
    shmcast_close(r);
    shmcast_close(s);
}

static void packets(const char *name)
{
    static const char jpeg[] = "any bytes";
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8), *r = shmcast_attach(name);
    struct shmcast_image out = image_of(64, 48, 0), in = image_of(0, 0, 0);
    CHECK(shmcast_wanted(s, SHMCAST_PACKETS) == 0);
    CHECK(shmcast_pin(r, SHMCAST_PACKETS, &in) == 0);
    CHECK(shmcast_wanted(s, SHMCAST_PACKETS) == 1 && shmcast_wanted(s, SHMCAST_FRAMES) == 0);
    CHECK(shmcast_begin(s, SHMCAST_PACKETS, &out) == 0);
    FAILS(shmcast_publish(s, SHMCAST_PACKETS, &out), EINVAL); /* no bytes */
    out.bytes = out.capacity + 1;
    FAILS(shmcast_publish(s, SHMCAST_PACKETS, &out), EMSGSIZE);
    memcpy(out.data, jpeg, sizeof jpeg);
    out.bytes = sizeof jpeg;
    out.frame = 12;
    CHECK(shmcast_publish(s, SHMCAST_PACKETS, &out) == 0);
    CHECK(shmcast_wait(r, SHMCAST_PACKETS, LONG) == SHMCAST_PACKETS);
    CHECK(shmcast_pin(r, SHMCAST_PACKETS, &in) == 1);
    CHECK(in.bytes == sizeof jpeg && !memcmp(in.data, jpeg, sizeof jpeg) && in.frame == 12);
    CHECK(in.width == 64 && in.height == 48 && in.stride[0] == 0);
    CHECK(shmcast_want(r, SHMCAST_PACKETS, 0) == 0 && shmcast_wanted(s, SHMCAST_PACKETS) == 0);
    shmcast_close(r);
    shmcast_close(s);
}

static void events(const char *name)
{
    struct shmcast_event in[200],
        out[] = {{.type = SHMCAST_POINTER_DOWN, .x = 0.25f, .y = 0.75f, .button = 1, .buttons = 1},
                 {.type = SHMCAST_KEY_DOWN, .key = "ä", .modifiers = SHMCAST_SHIFT, .time_ns = 5},
                 {.type = SHMCAST_RESIZE, .width = 640, .height = 480, .ratio = 1.5f}};
    uint64_t missed = 1;
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8);
    CHECK(shmcast_events(s, in, sizeof in[0], 200, &missed) == 0 && missed == 0);
    CHECK(shmcast_inject(s, out, sizeof out[0], 3) == 0 && out[2].number == 3 && out[0].time_ns);
    shmcast_stream *late = shmcast_attach(name);
    CHECK(shmcast_events(late, in, sizeof in[0], 200, NULL) == 0); /* only those from now on */
    CHECK(shmcast_seek(late, 1) == 0 && shmcast_events(late, in, sizeof in[0], 1, NULL) == 1);
    CHECK(in[0].number == 2 && !strcmp(in[0].key, "ä") && in[0].time_ns == 5);
    CHECK(shmcast_events(s, in, sizeof in[0], 200, NULL) == 3 && !memcmp(in, out, sizeof out));

    /* A frame answers the last event that was read, or the one that it names. */
    publish(s, 1);
    struct shmcast_image image = image_of(0, 0, 0);
    CHECK(shmcast_pin(late, SHMCAST_FRAMES, &image) == 1 && image.event == 3);
    /* So does each frame from a structure that is used again, and has its own time. */
    struct shmcast_image same = image_of(0, 0, 0);
    for (uint64_t number = 4; number <= 5; number++) {
        uint64_t before = image.captured_ns;
        CHECK(shmcast_inject(late, out, sizeof out[0], 1) == 0);
        CHECK(shmcast_events(s, in, sizeof in[0], 200, NULL) == 1);
        CHECK(shmcast_begin(s, SHMCAST_FRAMES, &same) == 0);
        CHECK(shmcast_publish(s, SHMCAST_FRAMES, &same) == 0);
        CHECK(shmcast_pin(late, SHMCAST_FRAMES, &image) == 1 && image.event == number);
        CHECK(image.captured_ns > before);
    }
    CHECK(shmcast_seek(late, 5) == 0);

    struct shmcast_event bad[] = {{.type = 0},
                                  {.type = 999},
                                  {.type = SHMCAST_POINTER_MOVE, .x = 18},
                                  {.type = SHMCAST_POINTER_MOVE, .buttons = 32},
                                  {.type = SHMCAST_RESIZE, .width = 640, .ratio = 1},
                                  {.type = SHMCAST_KEY_DOWN, .key = "\xff"},
                                  {.type = SHMCAST_KEY_DOWN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        FAILS(shmcast_inject(s, &bad[i], sizeof bad[i], 1), EINVAL);
    memset(bad[6].key, 'k', sizeof bad[6].key); /* without an end: cut to 32 bytes */
    CHECK(shmcast_inject(s, &bad[6], sizeof bad[6], 1) == 0);
    CHECK(shmcast_events(s, in, sizeof in[0], 200, NULL) == 1 && strlen(in[0].key) == 32);

    struct shmcast_event move = {.type = SHMCAST_POINTER_MOVE};
    for (int i = 0; i < 100; i++) {
        move.x = (float)i / 100;
        move.time_ns = 0;
        CHECK(shmcast_inject(s, &move, sizeof move, 1) == 0);
    }
    CHECK(shmcast_events(s, in, sizeof in[0], 200, &missed) == 64 && missed == 36);
    CHECK(in[63].number == 106 && shmcast_coalesce(in, sizeof in[0], 64) == 1);
    CHECK(in[0].x == (float)99 / 100 && in[0].number == 106);
    CHECK(shmcast_seek(s, UINT64_MAX) == 0 && shmcast_events(s, in, sizeof in[0], 1, NULL) == 0);
    CHECK(!strcmp(shmcast_event_name(SHMCAST_WHEEL), "wheel") && !shmcast_event_name(999));
    CHECK(shmcast_event_type("char") == SHMCAST_CHAR);
    CHECK(shmcast_event_type("cursor") == SHMCAST_CURSOR);
    CHECK(shmcast_event_type("resize") == SHMCAST_RESIZE && !shmcast_event_type("?"));
    shmcast_close(late);
    shmcast_close(s);
}

/* In a child: waits until the parent waits, at the latest after a moment, and acts. */
static pid_t later(void (*act)(const char *name), const char *name)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child)
        return child;
    poll(NULL, 0, 20);
    act(name);
    _exit(0);
}

static void ends_well(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void inject_one(const char *name)
{
    shmcast_stream *s = shmcast_attach(name);
    struct shmcast_event key = {.type = SHMCAST_KEY_DOWN, .key = "a"};
    CHECK(s && shmcast_inject(s, &key, sizeof key, 1) == 0);
}

static void publish_one(const char *name)
{
    shmcast_stream *s = shmcast_attach(name);
    CHECK(s != NULL);
    publish(s, 5);
}

static void want_frames(const char *name)
{
    shmcast_stream *s = shmcast_attach(name);
    CHECK(s && shmcast_want(s, SHMCAST_FRAMES, 1) == 0);
    poll(NULL, 0, 200);
    kill(getpid(), SIGKILL); /* its demand is taken back by the one who asks for it */
}

static void replace_it(const char *name)
{
    struct shmcast_spec spec = {
        .size = sizeof spec, .flags = SHMCAST_REPLACE | SHMCAST_KEEP, .width = 80, .height = 60};
    CHECK(shmcast_create(name, &spec) != NULL);
}

static void killed(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static void waiting(const char *name)
{
    struct shmcast_event in[4];
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8);
    unsigned all = SHMCAST_EVENTS | SHMCAST_DEMAND;
    CHECK(shmcast_wait(s, all, 0) == 0 && shmcast_wait(s, all, SOON) == 0);
    FAILS(shmcast_wait(s, 0, 0), EINVAL);
    FAILS(shmcast_wait(s, 16, 0), EINVAL);
    pid_t child = later(inject_one, name);
    CHECK(shmcast_wait(s, all, LONG) == SHMCAST_EVENTS);
    CHECK(shmcast_events(s, in, sizeof in[0], 4, NULL) == 1);
    ends_well(child);
    child = later(want_frames, name);
    CHECK(shmcast_wait(s, all, LONG) == SHMCAST_DEMAND);
    CHECK(shmcast_wanted(s, SHMCAST_FRAMES) == 1);
    killed(child);
    while (shmcast_wanted(s, SHMCAST_FRAMES))
        poll(NULL, 0, 10);
    child = later(publish_one, name);
    CHECK(shmcast_wait(s, SHMCAST_FRAMES, -1) == SHMCAST_FRAMES && first_byte(s) == 5);
    ends_well(child);
    shmcast_close(s);
}

static void readable(int fd, int timeout, int want)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK(poll(&p, 1, timeout) == want);
}

static void poll_loop(const char *name)
{
    struct shmcast_event in[4];
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8);
    unsigned all = SHMCAST_EVENTS | SHMCAST_DEMAND;
    int fd = shmcast_fd(s);
    CHECK(fd >= 0 && shmcast_fd(s) == fd);
    CHECK(shmcast_arm(s, SHMCAST_EVENTS) == 0);
    publish(s, 1); /* not armed for frames */
    readable(fd, 0, 0);
    pid_t child = later(inject_one, name);
    readable(fd, 60000, 1);
    ends_well(child);
    CHECK(shmcast_arm(s, all) == 0 && shmcast_events(s, in, sizeof in[0], 4, NULL) == 1);
    readable(fd, 0, 0);
    child = later(want_frames, name);
    readable(fd, 60000, 1);
    CHECK(shmcast_arm(s, all) == 0 && shmcast_wait(s, all, 0) == SHMCAST_DEMAND);
    killed(child);
    child = later(replace_it, name);
    readable(fd, 60000, 1);
    ends_well(child);
    FAILS(shmcast_wait(s, all, LONG), ESTALE);
    CHECK(shmcast_follow(s) == 0 && shmcast_fd(s) == fd && shmcast_arm(s, all) == 0);
    readable(fd, 0, 0);
    child = later(inject_one, name);
    readable(fd, 60000, 1);
    ends_well(child);
    shmcast_close(s);
}

static void replaced(const char *name)
{
    struct shmcast_info info = {.size = sizeof info};
    struct shmcast_event in[4], key = {.type = SHMCAST_KEY_DOWN, .key = "a"};
    struct shmcast_image image = image_of(0, 0, 0);
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8), *r = shmcast_attach(name);
    CHECK(shmcast_follow(s) == 0); /* there is nothing to follow */
    publish(s, 1);
    CHECK(first_byte(r) == 1 && shmcast_want(r, SHMCAST_FRAMES, 0) == 0);
    uint64_t generation = (CHECK(shmcast_info(s, &info) == 0), info.generation);
    struct shmcast_spec spec = {.size = sizeof spec, .width = 128, .height = 96};
    CHECK(shmcast_replace(s, &spec) == 0 && shmcast_info(s, &info) == 0);
    CHECK(info.width == 128 && info.format == SHMCAST_GRAY8 && info.slots == 3);
    CHECK(info.flags & SHMCAST_OWNED && info.generation != generation);
    FAILS(shmcast_wait(r, SHMCAST_FRAMES, LONG), ESTALE);
    FAILS(shmcast_pin(r, SHMCAST_FRAMES, &image), ESTALE);
    FAILS(shmcast_begin(r, SHMCAST_FRAMES, &image), ESTALE);
    FAILS(shmcast_inject(r, &key, sizeof key, 1), ESTALE);
    FAILS(shmcast_events(r, in, sizeof in[0], 4, NULL), ESTALE);
    FAILS(shmcast_wanted(r, SHMCAST_FRAMES), ESTALE);
    publish(s, 2);
    CHECK(shmcast_inject(s, &key, sizeof key, 1) == 0);
    CHECK(shmcast_follow(r) == 0 && first_byte(r) == 2);
    CHECK(shmcast_wanted(s, SHMCAST_FRAMES) == 0 && shmcast_want(r, SHMCAST_FRAMES, 1) == 0);
    CHECK(shmcast_wanted(s, SHMCAST_FRAMES) == 1);
    CHECK(shmcast_events(r, in, sizeof in[0], 4, NULL) == 1 && in[0].number == 1);
    spec.width = 70000; /* fails: it has the old one */
    FAILS(shmcast_replace(s, &spec), EINVAL);
    spec = (struct shmcast_spec){.size = sizeof spec, .width = 65500, .height = 65500, .slots = 64};
    CHECK(shmcast_replace(s, &spec) == -1 && (errno == ENOSPC || errno == EINVAL));
    CHECK(shmcast_info(s, &info) == 0 && info.width == 128 && info.flags & SHMCAST_OWNED);
    publish(s, 3);
    CHECK(shmcast_wait(r, SHMCAST_FRAMES, LONG) == SHMCAST_FRAMES && first_byte(r) == 3);
    shmcast_close(s); /* removes it */
    FAILS(shmcast_wait(r, SHMCAST_FRAMES, LONG), EIDRM);
    FAILS(shmcast_follow(r), EIDRM);
    FAILS(shmcast_begin(r, SHMCAST_FRAMES, &image), EIDRM);
    shmcast_close(r);
}

enum { THREADS = 4, FRAMES = 2000 };

static void *reader_thread(void *name)
{
    shmcast_stream *r = shmcast_attach(name);
    CHECK(r != NULL);
    for (int got = 0; got != 255;) {
        struct shmcast_image image = image_of(0, 0, 0);
        CHECK(shmcast_wait(r, SHMCAST_FRAMES, LONG) == SHMCAST_FRAMES);
        CHECK(shmcast_pin(r, SHMCAST_FRAMES, &image) == 1);
        unsigned char *data = image.data;
        got = data[0];
        for (uint64_t i = 0; i < image.bytes; i++)
            CHECK(data[i] == got);
    }
    shmcast_close(r);
    return NULL;
}

static void threads(const char *name)
{
    pthread_t thread[THREADS];
    struct shmcast_spec spec = {
        .size = sizeof spec, .width = 64, .height = 48, .format = SHMCAST_GRAY8, .slots = 6};
    shmcast_stream *s = shmcast_create(name, &spec);
    CHECK(s != NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, reader_thread, (void *)(uintptr_t)name) == 0);
    for (int i = 0; i < FRAMES; i++)
        publish(s, i % 200);
    publish(s, 255);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    shmcast_close(s);
}

/* Says that it is ready, and waits for the end of its input. */
static void stay(void)
{
    char byte;
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
}

static void own(const char *name)
{
    publish(create(name, 64, 48, SHMCAST_GRAY8), 1);
    stay(); /* and exits without shmcast_close */
}

static void keep(const char *name)
{
    struct shmcast_spec spec = {.size = sizeof spec, .flags = SHMCAST_KEEP, .mode = 0640};
    shmcast_close(shmcast_create(name, &spec));
}

/* A child has no handle, holds no claim, and its end removes nothing. */
static void forked(const char *name)
{
    shmcast_stream *s = create(name, 64, 48, SHMCAST_GRAY8);
    publish(s, 1);
    int fd = shmcast_fd(s);
    pid_t child = fork();
    if (child == 0) {
        struct shmcast_image image = image_of(0, 0, 0);
        struct shmcast_info info = {.size = sizeof info};
        struct shmcast_event event = {.type = SHMCAST_WHEEL};
        FAILS(shmcast_begin(s, SHMCAST_FRAMES, &image), ECHILD);
        FAILS(shmcast_publish(s, SHMCAST_FRAMES, &image), ECHILD);
        FAILS(shmcast_pin(s, SHMCAST_FRAMES, &image), ECHILD);
        FAILS(shmcast_info(s, &info), ECHILD);
        FAILS(shmcast_inject(s, &event, sizeof event, 1), ECHILD);
        FAILS(shmcast_wait(s, SHMCAST_EVENTS, 0), ECHILD);
        FAILS(shmcast_fd(s), ECHILD);
        FAILS(shmcast_follow(s), ECHILD);
        FAILS(shmcast_replace(s, NULL), ECHILD);
        CHECK(write(fd, "", 1) == -1 && errno == EBADF);
        shmcast_abort(s, SHMCAST_FRAMES);
        shmcast_release(s, SHMCAST_FRAMES);
        shmcast_close(s);
        shmcast_stream *mine = shmcast_attach(name);
        CHECK(mine && first_byte(mine) == 1);
        CHECK(shmcast_begin(mine, SHMCAST_FRAMES, &image) == -1 && errno == EBUSY);
        shmcast_close(mine);
        exit(0);
    }
    ends_well(child);
    publish(s, 2);
    /* The parent exits and a child lives on: it has no claim. */
    child = fork();
    if (child == 0) {
        stay();
        _exit(0);
    }
    kill(getpid(), SIGKILL);
}

/* Prints the size of each stream that has the name, after its first frame. */
static void follow(const char *name)
{
    struct shmcast_info info = {.size = sizeof info};
    shmcast_stream *s = shmcast_attach(name);
    CHECK(s != NULL);
    for (;;) {
        int news = shmcast_wait(s, SHMCAST_FRAMES, LONG);
        if (news < 0 && errno == ESTALE && shmcast_follow(s) == 0)
            continue;
        if (news < 0 && errno == EIDRM)
            break;
        CHECK(news == SHMCAST_FRAMES && first_byte(s) >= 0 && shmcast_info(s, &info) == 0);
        printf("%ux%u\n", info.width, info.height);
        fflush(stdout);
    }
    shmcast_close(s);
}

/* Publishes frames while they are wanted. */
static void demand(const char *name)
{
    shmcast_stream *s = shmcast_attach(name);
    CHECK(s != NULL);
    for (int n = 1;; n++) {
        int news = shmcast_wait(s, SHMCAST_DEMAND, LONG);
        if (news < 0 && errno == EIDRM)
            break;
        CHECK(news == SHMCAST_DEMAND);
        printf("%d\n", n);
        fflush(stdout);
        do {
            publish(s, n);
            poll(NULL, 0, 10);
        } while (shmcast_wanted(s, SHMCAST_FRAMES) == 1);
        puts("idle");
        fflush(stdout);
    }
    shmcast_close(s);
}

/* A handle without permission to write. */
static void watch(const char *name)
{
    shmcast_stream *s = shmcast_attach(name);
    struct shmcast_image image = image_of(0, 0, 0);
    struct shmcast_info info = {.size = sizeof info};
    struct shmcast_event event = {.type = SHMCAST_WHEEL};
    CHECK(s && shmcast_info(s, &info) == 0 && info.flags == 0);
    CHECK(shmcast_wait(s, SHMCAST_FRAMES, LONG) == SHMCAST_FRAMES && first_byte(s) >= 0);
    FAILS(shmcast_begin(s, SHMCAST_FRAMES, &image), EROFS);
    FAILS(shmcast_inject(s, &event, sizeof event, 1), EROFS);
    FAILS(shmcast_fd(s), EROFS);
    FAILS(shmcast_arm(s, SHMCAST_FRAMES), EROFS);
    FAILS(shmcast_replace(s, NULL), EACCES);
    CHECK(shmcast_events(s, &event, sizeof event, 1, NULL) == 0);
    CHECK(shmcast_wait(s, SHMCAST_EVENTS | SHMCAST_PACKETS, SOON) == 0);
    shmcast_close(s);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const char *stream);
    } cases[] = {{"structs", structs}, {"images", images},     {"packets", packets},
                 {"events", events},   {"waiting", waiting},   {"poll", poll_loop},
                 {"threads", threads}, {"replaced", replaced}, {"own", own},
                 {"keep", keep},       {"fork", forked},       {"follow", follow},
                 {"demand", demand},   {"watch", watch}};
    if (argc != 3 || (getenv("DECIMAL_COMMA") && !setlocale(LC_ALL, getenv("DECIMAL_COMMA")))) {
        fprintf(stderr, "usage: shmcast-test CASE NAME\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!strcmp(cases[i].name, argv[1])) {
            cases[i].run(argv[2]);
            return 0;
        }
    return 2;
}
