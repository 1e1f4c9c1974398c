/* Finds the objects and comes to a verdict on each. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/cli.h"
#include "evlog.h"
#include "monotonic.h"
#include "tool/unlinked.h"
#include "ls.h"
#include "pixfmt.h"
#include "stream.h"

/* Whose names begin so. */
static const struct {
    const char *prefix, *kind;
} kinds[] = {{"psm_", "python"},
             {"pym-", "python"},
             {"torch_", "torch"},
             {"sem.", "semaphore"},
             {"fastrtps_", "fastdds"},
             {"fastdds_", "fastdds"},
             {"iceoryx_", "iceoryx"},
             {"iox_", "iceoryx"},
             {"pulse-shm-", "pulseaudio"},
             {"PostgreSQL.", "postgresql"},
             {".org.chromium.", "chromium"},
             {".com.google.Chrome.", "chromium"}};

static const char *foreign_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (!strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)))
            return kinds[i].kind;
    return "other";
}

uint64_t events_readable(const struct ls_object *ob)
{
    return ob->events < ob->event_room ? ob->events : ob->event_room;
}

/*
 * Pictures a second from one look: the slots that still hold the last few pictures tell when each
 * was published. Time that passed over the next one being due counts too, so that the rate of a
 * writer that stopped falls, and a steady one's is exact. -1: fewer than two pictures.
 */
static double ring_rate(const struct stream *stream, uint64_t ring_at, uint32_t slots,
                        const struct ring_stats *stats)
{
    const struct shmfmt_slot *slot =
        (const void *)((const struct shmfmt_ring *)stream_at(stream, ring_at) + 1);
    uint64_t first = stats->published, since = stats->newest_ns, now = monotonic_ns();
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t seq = atomic_load(&slot[i].seq), at = slot[i].published_ns;
        /* A slot that a stopped reader pins is too old to tell of now. */
        if (seq == 0 || seq % 2 || seq / 2 >= first || stats->published - seq / 2 >= slots ||
            at >= since || atomic_load(&slot[i].seq) != seq)
            continue;
        first = seq / 2;
        since = at;
    }
    uint64_t pictures = stats->published - first;
    if (!pictures || since >= stats->newest_ns || stats->newest_ns > now)
        return -1;
    double spread = (double)(stats->newest_ns - since) / 1e9;
    double overdue = (double)(now - since) / 1e9 - spread / (double)pictures;
    return (double)pictures / (overdue > spread ? overdue : spread);
}

static double rate_between(uint64_t before, uint64_t now, double seconds)
{
    return now >= before && seconds > 0 ? (double)(now - before) / seconds : -1;
}

/* Who wrote the record of a claim whose lock is held. */
static void claim_signer(struct ls_claim *claim, uint64_t our_ns, const struct ls_object *ob)
{
    const struct claim_info *info = &claim->info;
    struct procscan_process p;
    claim->signer = SIGNER_ELSEWHERE;
    if (our_ns && info->pid_ns == our_ns) {
        bool there = info->pid && procscan_process(info->pid, &p);
        bool same = there && p.start_time == info->start_time;
        claim->signer = same ? SIGNER_HERE : there ? SIGNER_REUSED : SIGNER_GONE;
        claim->pid = same ? info->pid : 0;
    }
    for (size_t i = 0; i < ob->use_count && claim->signer == SIGNER_ELSEWHERE; i++) {
        const struct procscan_process *q = &ob->uses[i].process;
        if (q->pid_ns == info->pid_ns && q->inner_pid == info->pid &&
            q->start_time == info->start_time) {
            claim->signer = SIGNER_HERE;
            claim->pid = q->pid;
        }
    }
}

static int read_claims(struct ls_object *ob, const struct stream *stream)
{
    uint64_t our_ns = procscan_pid_ns();
    for (unsigned claim = SHMFMT_CLAIM_OWNER; claim < SHMFMT_CLAIMS; claim++) {
        struct ls_claim one = {.claim = claim};
        if (claim_holder(stream, claim, &one.info) <= 0)
            continue;
        struct ls_claim *grown = realloc(ob->claims, (ob->claim_count + 1) * sizeof *ob->claims);
        if (!grown)
            return -1;
        claim_signer(&one, our_ns, ob);
        ob->claims = grown;
        ob->claims[ob->claim_count++] = one;
    }
    return 0;
}

/* What is said of the dead doesn't count. */
static void read_demand(struct ls_object *ob)
{
    const struct ring_stats *packets = &ob->packets.stats;
    for (size_t i = 0; i < ob->claim_count; i++) {
        unsigned claim = ob->claims[i].claim;
        if (claim == SHMFMT_CLAIM_PACKETS)
            ob->packets.asleep = packets->asleep && !packets->wanted;
        else if (claim >= SHMFMT_CLAIM_READER && claim < SHMFMT_CLAIM_WRITER)
            ob->packets.wanted += packets->wanted >> (claim - SHMFMT_CLAIM_READER) & 1;
    }
}

static int read_stream(struct ls_object *ob, const struct stream *stream)
{
    const struct shmfmt_header *h = stream_header(stream);
    ob->stream = true;
    ob->generation = h->generation;
    ob->made = (double)h->created_ns / 1e9;
    ob->flags = h->flags;
    ob->width = h->width;
    ob->height = h->height;
    ob->format = h->format;
    ob->frame_slots = h->frame_slots;
    ob->packet_slots = h->packet_slots;
    ob->frame_bytes = h->frame_bytes;
    ob->packet_bytes = h->packet_bytes;
    ob->event_room = h->events;
    ob->events = evlog_head(stream);
    ob->event_rate = -1;
    ring_stats(stream, RING_FRAMES, &ob->frames.stats);
    ring_stats(stream, RING_PACKETS, &ob->packets.stats);
    ob->frames.rate = ring_rate(stream, h->frames_at, h->frame_slots, &ob->frames.stats);
    ob->packets.rate = ring_rate(stream, h->packets_at, h->packet_slots, &ob->packets.stats);
    if (read_claims(ob, stream))
        return -1;
    read_demand(ob);
    return 0;
}

/* With an earlier look at the same stream the rates are what happened in between. */
static void compare(struct ls_look *look, const struct ls_look *last)
{
    double seconds = (double)(look->at - last->at) / 1e9;
    for (size_t i = 0; i < look->count; i++)
        for (size_t k = 0; k < last->count; k++) {
            struct ls_object *now = &look->objects[i];
            const struct ls_object *old = &last->objects[k];
            if (!now->stream || !old->stream || now->generation != old->generation)
                continue;
            now->frames.rate =
                rate_between(old->frames.stats.published, now->frames.stats.published, seconds);
            now->packets.rate =
                rate_between(old->packets.stats.published, now->packets.stats.published, seconds);
            now->event_rate = rate_between(old->events, now->events, seconds);
        }
}

/*
 * Has anybody at all a foreign object open or mapped? It has no locks to ask, and processes of
 * other pid namespaces don't show in /proc; but the kernel gives a write lease only on what nobody
 * else has. It is given back at once; an open that comes in between waits for that. 1, 0, or -1: it
 * isn't ours to ask.
 */
static int object_lease(const char *name, const struct stat *st)
{
    char path[sizeof "/dev/shm/" + 255];
    struct stat now;
    int result = -1;
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd < 0)
        return -1;
    if (fstat(fd, &now) == 0 && now.st_ino == st->st_ino) {
        if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
            result = 0;
        else if (errno == EAGAIN)
            result = 1;
    }
    close(fd); /* and with it the lease */
    return result;
}

/* "python3:123 and 2 more"; "" for nobody that we see. */
static const char *users(const struct ls_object *ob, char out[64])
{
    int n = 0;
    out[0] = 0;
    if (ob->use_count)
        n = snprintf(out, 64, "%s:%" PRIu32, ob->uses->process.command, ob->uses->process.pid);
    if (ob->use_count > 1)
        snprintf(out + n, (size_t)(64 - n), " and %zu more", ob->use_count - 1);
    return out;
}

__attribute__((format(printf, 4, 5))) static void verdict(struct ls_object *ob, const char *state,
                                                          bool leak, const char *format, ...)
{
    va_list args;
    ob->state = state;
    ob->leak = leak;
    va_start(args, format);
    vsnprintf(ob->reason, sizeof ob->reason, format, args);
    va_end(args);
    for (char *c = ob->reason; *c; c++) /* names may hold anything */
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
}

static void judge_lost(struct ls_object *ob, const struct stream *stream, int err)
{
    char who[64];
    ob->held = 1;
    users(ob, who);
    if (!ob->ours)
        verdict(ob, "deleted", false, "%s by %s, and has no name; freed when that ends",
                err == EACCES ? "mapped" : "held", who);
    else if (!stream)
        verdict(ob, "deleted", true, "has no name, and is broken; held by %s", who);
    else if (stream_alive(stream) == 0)
        verdict(ob, "deleted", true,
                "its name was taken from under %s; 'shm-create --replace -s %" PRIu32 "x%" PRIu32
                " -f %s -n %" PRIu32 " %s' brings its programs to a new one",
                who, ob->width, ob->height, pixfmt_name(ob->format), ob->frame_slots, ob->name);
    else if (errno == ESTALE)
        verdict(ob, "superseded", false, "a new stream has its name; freed when %s turns to that",
                who);
    else
        verdict(ob, "deleted", false, "removed; freed when %s ends", who);
}

static void judge_stream(struct ls_object *ob, const struct stream *stream)
{
    char who[64];
    int locked = claim_any(stream);
    ob->held = locked > 0 || ob->use_count > 0;
    users(ob, who);
    switch (stream_leak(stream)) {
    case STREAM_ORPHAN:
        verdict(ob, "orphan", true,
                "its owner is dead and nobody has it attached%s%s%s; shm-rm --orphans removes it",
                *who ? ", though " : "", who, *who ? " has it open" : "");
        return;
    case STREAM_SUPERSEDED:
        verdict(ob, "superseded", true,
                "a shm-create --replace that was killed left it; shm-rm --orphans removes it");
        return;
    default:
        break;
    }
    if (locked < 0)
        verdict(ob, "unknown", false, "its locks can't be asked: %s", strerror(errno));
    else if (!locked && *who)
        verdict(ob, "idle", false, "nobody has it attached, though %s has it open", who);
    else if (!locked)
        verdict(ob, "idle", false, "nobody has it attached; it stays until shm-rm");
    else if (ob->claim_count)
        verdict(ob, "live", false, "attached, and %zu part%s held", ob->claim_count,
                ob->claim_count == 1 ? " is" : "s are");
    else
        verdict(ob, "live", false, "attached by %s, with no part of its own",
                *who ? who : "a process that can't be seen from here");
}

/* Foreign, broken, or not to be read. */
static void judge_other(struct ls_object *ob, int err)
{
    char who[64];
    ob->held = ob->use_count ? 1 : object_lease(ob->name, &ob->st);
    if (!*users(ob, who))
        snprintf(who, sizeof who, "a process that can't be seen from here");
    if (!S_ISREG(ob->st.st_mode))
        verdict(ob, "foreign", false, "no memory, but a file of another type");
    else if (err == EACCES || err == EPERM)
        verdict(ob, "unknown", false, "no permission to look into it%s%s",
                ob->held > 0 ? "; held by " : "", ob->held > 0 ? who : "");
    else if (err == EPROTO || err == EPROTONOSUPPORT)
        verdict(ob, err == EPROTO ? "corrupt" : "other-version", true, "%s", stream_problem(err));
    else if (ob->held < 0)
        verdict(ob, "unknown", false, "%s, and no permission to ask who has it",
                ob->ours ? "half-created" : "foreign");
    else if (ob->ours)
        verdict(ob, "half-created", !ob->held,
                ob->held ? "held by %s, perhaps in the making" : "%s",
                ob->held ? who : "its creator never finished it; shm-rm -f removes it");
    else
        verdict(ob, "foreign", !ob->held, ob->held ? "held by %s" : "%s",
                ob->held ? who : "nobody has it; shm-rm -f removes it");
}

/* When an object that tells nothing about itself was made. */
static double object_born(const char *path, const struct stat *st)
{
    struct statx sx;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) == 0 &&
        sx.stx_mask & STATX_BTIME)
        return (double)sx.stx_btime.tv_sec + (double)sx.stx_btime.tv_nsec / 1e9;
    return (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9;
}

struct finder {
    struct ls_look *look;
    const struct ls_options *o;
    bool lost;
};

static bool is_named(const struct ls_options *o, const char *name)
{
    for (char **n = o->names; *n; n++)
        if (!strcmp(stream_name(*n), name))
            return true;
    return !*o->names;
}

static struct ls_object *object_new(struct ls_look *look)
{
    if (look->count == look->room) {
        size_t room = look->room ? 2 * look->room : 16;
        struct ls_object *grown = realloc(look->objects, room * sizeof *grown);
        if (!grown)
            return NULL;
        look->objects = grown;
        look->room = room;
    }
    struct ls_object *ob = &look->objects[look->count++];
    *ob = (struct ls_object){.event_rate = -1};
    return ob;
}

static int object_found(const char *name, const struct stat *st, struct stream *stream, int err,
                        void *user)
{
    struct finder *f = user;
    const char *kind = foreign_kind(name);
    /* One that is empty could be anybody's: its name tells. */
    bool ours = stream || err == EPROTO || err == EPROTONOSUPPORT ||
                (err == ENODATA && (st->st_size || !strcmp(kind, "other")));
    if (!is_named(f->o, name) || (!ours && !f->o->all && !*f->o->names))
        return 0;
    struct ls_object *ob = object_new(f->look);
    if (!ob)
        return 1;
    snprintf(ob->name, sizeof ob->name, "%s", name);
    ob->ours = ours;
    ob->kind = ours ? "stream" : kind;
    ob->st = *st;
    ob->uses = procscan_of(f->look->holders, st->st_ino, &ob->use_count);
    if (stream && read_stream(ob, stream))
        return 1;
    if (f->lost) {
        if (!stream && st->st_nlink == 0 && st->st_mode && ob->use_count)
            ob->made = object_born(ob->uses->path, st);
        judge_lost(ob, stream, err);
    } else if (stream) {
        judge_stream(ob, stream);
    } else {
        char path[sizeof "/dev/shm/" + 255];
        snprintf(path, sizeof path, "/dev/shm/%s", name);
        ob->made = object_born(path, st);
        judge_other(ob, err);
    }
    f->look->matched++;
    f->look->leaks += ob->leak;
    if (f->o->check && !ob->leak) {
        free(ob->claims);
        f->look->count--;
    }
    return 0;
}

int look_take(struct ls_look *look, const struct ls_options *o, const struct ls_look *last)
{
    struct finder f = {look, o, false};
    *look = (struct ls_look){.at = monotonic_ns()};
    look->holders = procscan_run();
    if (!look->holders)
        return -1;
    int result = stream_list(object_found, &f);
    f.lost = true;
    if (result == 0)
        result = unlinked_list(look->holders, object_found, &f);
    if (result > 0)
        errno = ENOMEM;
    if (result)
        return -1;
    if (last)
        compare(look, last);
    space_look(look);
    return 0;
}

void look_free(struct ls_look *look)
{
    for (size_t i = 0; i < look->count; i++)
        free(look->objects[i].claims);
    free(look->objects);
    procscan_free(look->holders);
    *look = (struct ls_look){0};
}
