#include "scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "evlog.h"
#include "monotonic.h"
#include "stream.h"
#include "tool/statx.h"
#include "tool/unlinked.h"
#include "verdict.h"

/* Foreign objects, by the start of their names. */
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

uint64_t scan_events_readable(const struct scan_object *ob)
{
    return ob->events < ob->event_room ? ob->events : ob->event_room;
}

/*
 * Images per second from a single scan: each slot has the time when its image was published. Once
 * the next image is overdue the time since the last one counts too, so the rate of a stopped writer
 * falls, and that of a steady one is exact. -1: fewer than two images.
 */
static double ring_rate(const struct stream *stream, uint64_t ring_at, uint32_t slots,
                        const struct ring_stats *stats)
{
    const struct shmfmt_slot *slot =
        (const void *)((const struct shmfmt_ring *)stream_at(stream, ring_at) + 1);
    uint64_t first = stats->published, since = stats->newest_ns, now = monotonic_ns();
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t seq = atomic_load(&slot[i].seq), at = slot[i].published_ns;
        /* A slot pinned by a stopped reader is too old to count. */
        if (seq == 0 || seq % 2 || seq / 2 >= first || stats->published - seq / 2 >= slots ||
            at >= since || atomic_load(&slot[i].seq) != seq)
            continue;
        first = seq / 2;
        since = at;
    }
    uint64_t images = stats->published - first;
    if (!images || since >= stats->newest_ns || stats->newest_ns > now)
        return -1;
    double spread = (double)(stats->newest_ns - since) / 1e9;
    double overdue = (double)(now - since) / 1e9 - spread / (double)images;
    return (double)images / (overdue > spread ? overdue : spread);
}

static double rate_between(uint64_t before, uint64_t now, double seconds)
{
    return now >= before && seconds > 0 ? (double)(now - before) / seconds : -1;
}

/* Finds the process that took a claim, by the claim's record. */
static void find_owner(struct scan_claim *claim, uint64_t our_ns, const struct scan_object *ob)
{
    const struct claim_info *info = &claim->info;
    struct procscan_process p;
    claim->status = OWNER_ELSEWHERE;
    if (our_ns && info->pid_ns == our_ns) {
        bool there = info->pid && procscan_process(info->pid, &p);
        bool same = there && p.start_time == info->start_time;
        claim->status = same ? OWNER_HERE : there ? OWNER_REUSED : OWNER_GONE;
        claim->pid = same ? info->pid : 0;
    }
    for (size_t i = 0; i < ob->use_count && claim->status == OWNER_ELSEWHERE; i++) {
        const struct procscan_process *q = &ob->uses[i].process;
        if (q->pid_ns == info->pid_ns && q->inner_pid == info->pid &&
            q->start_time == info->start_time) {
            claim->status = OWNER_HERE;
            claim->pid = q->pid;
        }
    }
}

static int read_claims(struct scan_object *ob, const struct stream *stream)
{
    uint64_t our_ns = procscan_pid_ns();
    for (unsigned claim = SHMFMT_CLAIM_OWNER; claim < SHMFMT_CLAIMS; claim++) {
        struct scan_claim one = {.claim = claim};
        if (claim == SHMFMT_CLAIM_WATCH) /* shared, without a record */
            continue;
        if (claim_holder(stream, claim, &one.info) <= 0)
            continue;
        struct scan_claim *grown = realloc(ob->claims, (ob->claim_count + 1) * sizeof *ob->claims);
        if (!grown)
            return -1;
        find_owner(&one, our_ns, ob);
        ob->claims = grown;
        ob->claims[ob->claim_count++] = one;
    }
    return 0;
}

/* Demand of living readers, and sleep of a living writer. */
static void read_demand(struct scan_object *ob, const struct stream *stream)
{
    const struct ring_stats *packets = &ob->packets.stats;
    bool watched = claim_watched(stream);
    ob->packets.wanted = watched;
    for (size_t i = 0; i < ob->claim_count; i++) {
        unsigned claim = ob->claims[i].claim;
        if (claim == SHMFMT_CLAIM_PACKETS)
            ob->packets.asleep = packets->asleep && !packets->wanted && !watched;
        else if (claim >= SHMFMT_CLAIM_READER && claim < SHMFMT_CLAIM_WRITER)
            ob->packets.wanted += packets->wanted >> (claim - SHMFMT_CLAIM_READER) & 1;
    }
}

static int read_stream(struct scan_object *ob, const struct stream *stream)
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
    read_demand(ob, stream);
    return 0;
}

/* Sets the rates of streams that were in the earlier scan too. */
static void compare(struct scan *scan, const struct scan *last)
{
    double seconds = (double)(scan->at - last->at) / 1e9;
    for (size_t i = 0; i < scan->count; i++)
        for (size_t k = 0; k < last->count; k++) {
            struct scan_object *now = &scan->objects[i];
            const struct scan_object *old = &last->objects[k];
            if (!now->stream || !old->stream || now->generation != old->generation)
                continue;
            now->frames.rate =
                rate_between(old->frames.stats.published, now->frames.stats.published, seconds);
            now->packets.rate =
                rate_between(old->packets.stats.published, now->packets.stats.published, seconds);
            now->event_rate = rate_between(old->events, now->events, seconds);
        }
}

/* When an object without a valid header was made. */
static double object_born(const char *path, const struct stat *st)
{
    struct statx sx;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &sx) == 0 &&
        sx.stx_mask & STATX_BTIME)
        return (double)sx.stx_btime.tv_sec + (double)sx.stx_btime.tv_nsec / 1e9;
    return (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9;
}

struct finder {
    struct scan *scan;
    const struct options *o;
    bool unlinked; /* the objects found are those without a name */
};

/* Whether the options select the name; marks it as found. */
static bool is_named(const struct options *o, const char *name)
{
    bool named = !*o->names;
    for (size_t i = 0; o->names[i]; i++)
        if (!strcmp(stream_name(o->names[i]), name))
            named = o->found[i] = true;
    return named;
}

static struct scan_object *object_new(struct scan *scan)
{
    if (scan->count == scan->room) {
        size_t room = scan->room ? 2 * scan->room : 16;
        struct scan_object *grown = realloc(scan->objects, room * sizeof *grown);
        if (!grown)
            return NULL;
        scan->objects = grown;
        scan->room = room;
    }
    struct scan_object *ob = &scan->objects[scan->count++];
    *ob = (struct scan_object){.event_rate = -1};
    return ob;
}

static int object_found(const char *name, const struct stat *st, struct stream *stream, int err,
                        void *user)
{
    struct finder *f = user;
    const char *kind = foreign_kind(name);
    /* An empty one may be a stream that is being created, unless its name says otherwise. */
    bool ours = stream || err == EPROTO || err == EPROTONOSUPPORT ||
                (err == ENODATA && (st->st_size || !strcmp(kind, "other")));
    if (!is_named(f->o, name) || (!ours && !f->o->all && !*f->o->names))
        return 0;
    struct scan_object *ob = object_new(f->scan);
    if (!ob)
        return 1;
    snprintf(ob->name, sizeof ob->name, "%s", name);
    ob->ours = ours;
    ob->kind = ours ? "stream" : kind;
    ob->st = *st;
    ob->uses = procscan_of(f->scan->processes, st->st_ino, &ob->use_count);
    if (stream && read_stream(ob, stream))
        return 1;
    if (f->unlinked) {
        if (!stream && st->st_nlink == 0 && st->st_mode && ob->use_count)
            ob->made = object_born(ob->uses->path, st);
        verdict_unlinked(ob, stream, err);
    } else if (stream) {
        verdict_stream(ob, stream);
    } else {
        char path[sizeof "/dev/shm/" + 255];
        snprintf(path, sizeof path, "/dev/shm/%s", name);
        ob->made = object_born(path, st);
        verdict_other(ob, err);
    }
    f->scan->leaks += ob->leak;
    if (f->o->check && !ob->leak) {
        free(ob->claims);
        f->scan->count--;
    }
    return 0;
}

/* Warns about RemoveIPC if the caller or the owner of a stream listed is affected. */
static void warn_logind(struct scan *scan)
{
    uid_t uid = getuid();
    bool found = fsusage_logind_deletes(uid);
    for (size_t i = 0; !found && i < scan->count; i++) {
        uid = scan->objects[i].st.st_uid;
        found = scan->objects[i].stream && fsusage_logind_deletes(uid);
    }
    if (found)
        fsusage_warn_logind(&scan->usage, uid);
}

int scan_take(struct scan *scan, const struct options *o, const struct scan *last)
{
    struct finder f = {scan, o, false};
    *scan = (struct scan){.at = monotonic_ns()};
    scan->processes = procscan_run();
    if (!scan->processes)
        return -1;
    int result = stream_list(object_found, &f);
    f.unlinked = true;
    if (result == 0)
        result = unlinked_list(scan->processes, object_found, &f);
    if (result > 0)
        errno = ENOMEM;
    if (result)
        return -1;
    if (last)
        compare(scan, last);
    fsusage_read(&scan->usage);
    warn_logind(scan);
    return 0;
}

void scan_free(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++)
        free(scan->objects[i].claims);
    free(scan->objects);
    procscan_free(scan->processes);
    *scan = (struct scan){0};
}
