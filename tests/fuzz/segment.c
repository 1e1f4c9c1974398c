/*
 * Attaching and using an arbitrary segment, by readers of every kind and by writers.
 * Input, first byte 0xff: the second byte selects whether the segment is as long as the rest of the
 * input, or padded with zeros to the size in its header; then its bytes.
 * Otherwise: a small valid stream, and steps that alternately corrupt and use it. A step is a byte,
 * with its kind in the low four bits, then its arguments.
 */
#include "fuzz.h"
#include "claim.h"
#include "eventtext.h"
#include "evlog.h"
#include "image/jpeghead.h"
#include "pixfmt.h"
#include "ring.h"
#include "stream.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OBJECT_MAX = 1 << 20, STEPS_MAX = 64 };

enum step {
    POKE,  /* bytes into the stream: offset (16 bits), count (4 bits, of the step's byte), bytes */
    RAISE, /* adds a small number to a byte of it: offset, number */
    AIM,   /* makes a slot the newest, as a writer does: its number, its slot, which ring */
    PIN,
    COPY,
    EVENTS,
    APPEND,
    WRITE,
    ABORT,
    ASK,
    WAIT,
    AGAIN, /* all users close and attach again */
    STEPS
};

static char name[64];
static uint8_t *file;          /* the segment's bytes, without any checks */
static uint8_t *pristine;      /* the initial bytes */
static struct stream *holder;  /* creator of the valid stream */
static volatile uint64_t sink; /* makes the compiler read every byte */

static void touch(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += p[i];
    sink = sum;
}

static bool make_valid(void)
{
    struct stream_spec spec = {
        .width = 8, .height = 8, .slots = 2, .events = 16, .packet_bytes = SHMFMT_PAGE};
    snprintf(name, sizeof name, "fuzz-segment-%d", (int)getpid());
    stream_unlink(name);
    holder = stream_create(name, &spec, false);
    CHECK(holder);
    size_t bytes = stream_header(holder)->total_bytes;
    file = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, stream_fd(holder), 0);
    pristine = malloc(bytes);
    CHECK(file != MAP_FAILED && pristine);
    memcpy(pristine, file, bytes);
    return true;
}

static void use_view(const struct ring *ring, enum ring_channel channel,
                     const struct ring_view *view)
{
    const struct ring_meta *m = &view->meta;
    CHECK(m->bytes > 0 && m->bytes <= ring_capacity(ring));
    CHECK(m->width >= 1 && m->width <= SHMFMT_SIDE_MAX);
    bool array = channel == RING_FRAMES && m->format == PIXFMT_F32;
    CHECK(m->height >= 1 && m->height <= (array ? (uint32_t)SHMFMT_ROWS_MAX : SHMFMT_SIDE_MAX));
    touch(view->data, m->bytes);
    if (view->extra)
        touch(view->extra, m->extra_bytes);
    if (channel == RING_PACKETS) {
        size_t length;
        char *comment = jpeghead_comment((void *)(uintptr_t)view->data, m->bytes, &length);
        if (comment) {
            CHECK(comment >= (const char *)view->data &&
                  length <= m->bytes - (size_t)(comment - (const char *)view->data));
            touch(comment, length);
        }
        return;
    }
    struct pixfmt_planes layout;
    struct image image = ring_image(view);
    CHECK(pixfmt_known(&image) && pixfmt_plan_image(&image, &layout) && layout.bytes == m->bytes);
    uint8_t *rgb = malloc(4 * (size_t)m->width);
    CHECK(rgb);
    for (uint32_t y = 0; y < m->height; y++)
        pixfmt_rgb_row(&image, &layout, y, rgb, rgb + 3 * (size_t)m->width);
    free(rgb);
}

static void use_ring(struct ring *ring, enum ring_channel channel, uint64_t after)
{
    struct ring_view view;
    errno = 0;
    int got = ring_pin(ring, after, &view);
    if (got == 1)
        use_view(ring, channel, &view);
    else
        CHECK(got == 0 || (got == -1 && (errno == EPROTO || errno == ESTALE || errno == EIDRM ||
                                         errno == ENOMSG)));
}

static void use_event(const struct event *ev)
{
    char text[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
    struct event parsed;
    const char *why;
    size_t length = event_text(ev, text, sizeof text);
    CHECK((length > 0) == event_valid(ev));
    CHECK((event_json(ev, again, sizeof again) > 0) == (length > 0));
    event_fury(ev, again, sizeof again);
    if (length) {
        CHECK(event_parse(text, length - 1, &parsed, &why));
        CHECK(event_text(&parsed, again, sizeof again) == length && !strcmp(text, again));
    }
}

static void use_events(const struct stream *stream, uint64_t *cursor)
{
    struct event events[20];
    uint64_t lost;
    for (int i = 0; i < 3; i++) {
        size_t count = evlog_read(stream, cursor, events, 20, &lost);
        CHECK(count <= 20 && count <= stream_header(stream)->events &&
              *cursor <= evlog_head(stream));
        for (size_t k = 0; k < count; k++) {
            use_event(&events[k]);
            if (k)
                event_coalesce(&events[k - 1], &events[k]);
        }
    }
}

static void use_claims(const struct stream *stream)
{
    struct claim_info info;
    for (unsigned claim = 0; claim < SHMFMT_CLAIMS; claim += claim < 8 ? 1 : 9)
        if (claim_holder(stream, claim, &info) == 1) {
            CHECK(strnlen(info.command, sizeof info.command) < sizeof info.command);
            for (const char *p = info.command; *p; p++)
                CHECK(*p > ' ' && *p <= '~');
        }
    CHECK(claim_any(stream) >= 0);
    CHECK(stream_leak(stream) <= STREAM_SUPERSEDED);
    for (enum ring_channel channel = RING_FRAMES; channel <= RING_PACKETS; channel++) {
        struct ring_stats stats;
        ring_stats(stream, channel, &stats);
        CHECK(stats.newest.bytes <= (channel == RING_FRAMES ? stream_header(stream)->frame_bytes
                                                            : stream_header(stream)->packet_bytes));
    }
    CHECK(stream_alive(stream) == 0 || errno == ESTALE || errno == EIDRM);
}

/* All users of one stream: a pinning and a copying reader, and a writer, of each ring. Guard pages
 * are before and after each mapping, where there is room. */
struct users {
    struct stream *stream, *peek;
    void *guards[4];
    struct ring *pinning[2], *copying[2], *writing[2];
    uint64_t cursor;
};

static void *guard_at(const uint8_t *at)
{
    void *guard = mmap((void *)(uintptr_t)at, SHMFMT_PAGE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return guard == MAP_FAILED ? NULL : guard;
}

static void guard(const struct stream *stream, void *guards[2])
{
    uint8_t *base = stream_at(stream, 0);
    guards[0] = guard_at(base - SHMFMT_PAGE);
    guards[1] = guard_at(base + (stream_header(stream)->total_bytes + SHMFMT_PAGE - 1) /
                                    SHMFMT_PAGE * SHMFMT_PAGE);
}

static void users_close(struct users *u)
{
    for (int i = 0; i < 4; i++)
        if (u->guards[i])
            munmap(u->guards[i], SHMFMT_PAGE);
    for (int i = 0; i < 2; i++) {
        ring_close(u->pinning[i]);
        ring_close(u->copying[i]);
        ring_close(u->writing[i]);
    }
    stream_close(u->stream);
    stream_close(u->peek);
}

static bool users_attach(struct users *u, const char *stream)
{
    *u = (struct users){0};
    u->peek = stream_attach(stream, STREAM_PEEK);
    CHECK(u->peek || *stream_problem(errno));
    if (u->peek)
        guard(u->peek, u->guards);
    u->stream = stream_attach(stream, STREAM_WRITE);
    if (!u->stream) {
        users_close(u);
        return false;
    }
    CHECK(u->peek);
    guard(u->stream, u->guards + 2);
    for (enum ring_channel i = RING_FRAMES; i <= RING_PACKETS; i++) {
        u->pinning[i] = ring_open_reader(u->stream, i);
        CHECK(u->pinning[i]);
    }
    return true;
}

/* A reader copies if all readers' claims are taken. */
static struct ring *copying(struct users *u, enum ring_channel channel)
{
    if (u->copying[channel])
        return u->copying[channel];
    while (claim_take_reader(u->stream, CLAIM_ROLE_NONE) >= 0)
        continue;
    CHECK(errno == EBUSY);
    u->copying[channel] = ring_open_reader(u->stream, channel);
    CHECK(u->copying[channel]);
    return u->copying[channel];
}

static void use_writer(struct users *u, enum ring_channel channel, bool commit, struct input *in)
{
    struct ring **ring = &u->writing[channel];
    if (!*ring)
        *ring = ring_open_writer(u->stream, channel);
    CHECK(*ring);
    unsigned fill = take(in);
    uint8_t *slot = ring_begin(*ring);
    if (!slot) {
        CHECK(errno == EAGAIN || errno == ESTALE || errno == EIDRM);
        ring_drop(*ring);
        return;
    }
    memset(slot, (int)fill, ring_capacity(*ring));
    if (!commit) {
        ring_abort(*ring);
        ring_skip(*ring);
        return;
    }
    struct ring_meta meta = {.bytes = 8 * 8 * 3, .width = 8, .height = 8, .format = PIXFMT_RGB24};
    ring_commit(*ring, &meta);
    CHECK(meta.captured_ns && meta.published_ns);
}

static void use_append(struct users *u, struct input *in)
{
    struct event events[24]; /* more than the log holds */
    size_t count = 1 + take(in) % 24;
    for (size_t i = 0; i < count; i++)
        event_init(&events[i], 1 + (take(in) % (EVENT_TYPES - 1)));
    if (evlog_append(u->stream, events, count))
        CHECK(errno == ESTALE || errno == EIDRM);
    else
        for (size_t i = 1; i < count; i++)
            CHECK(events[i].number == events[i - 1].number + 1 && events[i].time_ns);
}

static void use_waits(struct users *u, struct input *in)
{
    struct timespec past = {0, 0};
    uint64_t after = take(in);
    for (int i = 0; i < 2; i++) {
        int got = ring_wait(u->pinning[i], after, &past);
        CHECK(got >= 0 || errno == ESTALE || errno == EIDRM || errno == EINTR); /* libFuzzer's */
        CHECK(ring_want(u->pinning[i], after & 1));
        CHECK(ring_wanted(u->pinning[i]) || !(after & 1));
        if (u->copying[i])
            CHECK(ring_want(u->copying[i], after & 1));
        got = ring_refresh(u->pinning[i], &past);
        CHECK(got == 0 || errno == ETIMEDOUT || errno == ESTALE || errno == EIDRM ||
              errno == EINTR);
    }
    int got = evlog_wait(u->stream, after, &past);
    CHECK(got >= 0 || errno == ESTALE || errno == EIDRM || errno == EINTR);
}

static void poke(struct input *in, unsigned count)
{
    size_t at = take16(in), bytes = count + 1, total = stream_header(holder)->total_bytes;
    const uint8_t *from = take_bytes(in, &bytes);
    for (size_t i = 0; i < bytes; i++)
        file[(at + i) % total] = from[i];
}

static void aim(struct input *in)
{
    const struct shmfmt_header *h = stream_header(holder);
    uint64_t number = take(in), slot = take(in);
    struct shmfmt_ring *ring = (void *)(file + (take(in) % 2 ? h->packets_at : h->frames_at));
    struct shmfmt_slot *slots = (void *)(ring + 1);
    atomic_store(&ring->newest, number << 8 | slot);
    atomic_store(&slots[slot % 2].seq, 2 * number);
}

/* False: the stream can't be attached any more. */
static bool do_step(struct users *u, struct input *in)
{
    unsigned byte = take(in), high = byte >> 4;
    enum ring_channel channel = high % 2 ? RING_PACKETS : RING_FRAMES;
    switch ((enum step)(byte & 15)) {
    case POKE:
        poke(in, high);
        break;
    case RAISE: {
        size_t at = take16(in) % stream_header(holder)->total_bytes;
        file[at] = (uint8_t)(file[at] + take(in));
        break;
    }
    case AIM:
        aim(in);
        break;
    case PIN:
        use_ring(u->pinning[channel], channel, take(in) % 4);
        break;
    case COPY:
        use_ring(copying(u, channel), channel, take(in) % 4);
        break;
    case EVENTS:
        use_events(high & 1 ? u->peek : u->stream, &u->cursor);
        break;
    case APPEND:
        use_append(u, in);
        break;
    case WRITE:
    case ABORT:
        use_writer(u, channel, (byte & 15) == WRITE, in);
        break;
    case ASK:
        use_claims(high & 1 ? u->peek : u->stream);
        break;
    case WAIT:
        use_waits(u, in);
        break;
    case AGAIN:
        users_close(u);
        return users_attach(u, name);
    case STEPS:
        break;
    }
    return true;
}

static void use_everything(struct users *u)
{
    uint64_t cursor = 0;
    use_claims(u->peek);
    use_events(u->peek, &cursor);
    for (enum ring_channel i = RING_FRAMES; i <= RING_PACKETS; i++)
        use_ring(u->pinning[i], i, 0);
}

static void use_poked(struct input *in)
{
    struct users u;
    memcpy(file, pristine, stream_header(holder)->total_bytes);
    bool attached = users_attach(&u, name);
    CHECK(attached);
    for (int i = 0; attached && in->left && i < STEPS_MAX; i++)
        attached = do_step(&u, in);
    if (attached) {
        use_everything(&u);
        users_close(&u);
    }
}

static void use_object(struct input *in)
{
    static char raw[80];
    struct users u;
    uint64_t bytes = 0;
    bool grow = take(in) % 2;
    if (!raw[0])
        snprintf(raw, sizeof raw, "%s-raw", name);
    char path[128];
    snprintf(path, sizeof path, "/dev/shm/%s", raw);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, in->data, in->left) == (ssize_t)in->left);
    if (grow && in->left >= 24)
        memcpy(&bytes, in->data + offsetof(struct shmfmt_header, total_bytes), sizeof bytes);
    if (bytes > in->left && bytes <= OBJECT_MAX)
        CHECK(ftruncate(fd, (off_t)bytes) == 0);
    close(fd);
    if (users_attach(&u, raw)) {
        CHECK(stream_header(u.stream)->total_bytes >= in->left);
        use_everything(&u);
        use_writer(&u, RING_FRAMES, true, in);
        use_append(&u, in);
        users_close(&u);
    }
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool made;
    struct input in = {data, bytes};
    made = made || make_valid();
    if (bytes && data[0] == 0xff) {
        take(&in);
        use_object(&in);
    } else {
        use_poked(&in);
    }
    return 0;
}
