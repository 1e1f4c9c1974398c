/*
 * shm-ls: the streams in /dev/shm, their state and who holds what.
 *
 * stdout: a table, a block a stream (-l), or JSON (-j). Only looks: takes no claim, writes nothing.
 * Exit: 0, 1 with --check when something leaked, 2 usage, 3 /dev/shm can't be read.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "claim.h"
#include "cli.h"
#include "evlog.h"
#include "pix.h"
#include "ring.h"
#include "seg.h"

static const char usage[] = "shm-ls [-l | -j] [-w] [--all] [--check] [NAME ...]\n";

struct options {
    bool detail, json, watch, all, check;
    char **names;
    int shown;
    int leaks;
    int matched;
};

/* What there is to say about one object. Of a foreign one only the first four. */
struct object {
    const char *name, *kind, *state;
    const struct stat *st;
    const struct seg *seg;
    struct ring_stats frames, packets;
    uint64_t events;
};

static const char *object_state(const struct seg *seg, int err)
{
    if (!seg)
        switch (err) {
        case EMEDIUMTYPE:
            return "foreign";
        case ENODATA:
            return "half-created";
        case EPROTONOSUPPORT:
            return "other-version";
        case EPROTO:
            return "corrupt";
        default:
            return "unknown";
        }
    switch (seg_leak(seg)) {
    case SEG_ORPHAN:
        return "orphan";
    case SEG_SUPERSEDED:
        return "superseded";
    default:
        return claim_any(seg) > 0 ? "live" : "idle";
    }
}

/* "31.2M": at most five characters. */
static const char *human(uint64_t bytes, char out[16])
{
    static const char units[] = "BKMGTPE";
    double n = (double)bytes;
    int unit = 0;
    for (; n >= 999.5 && units[unit + 1]; unit++)
        n /= 1024;
    snprintf(out, 16, unit && n < 99.95 ? "%.1f%c" : "%.0f%c", n, units[unit]);
    return out;
}

/* Seconds since a moment of the clock, "-" for never. */
static const char *age(uint64_t ns, clockid_t clock, char out[16])
{
    struct timespec t;
    clock_gettime(clock, &t);
    double s = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - (double)ns / 1e9;
    if (!ns)
        snprintf(out, 16, "-");
    else if (s < 99.95)
        snprintf(out, 16, "%.1fs", s < 0 ? 0 : s);
    else if (s < 100 * 60)
        snprintf(out, 16, "%.0fm", s / 60);
    else if (s < 100 * 3600)
        snprintf(out, 16, "%.0fh", s / 3600);
    else
        snprintf(out, 16, "%.0fd", s / 86400);
    return out;
}

/* Everybody else's strings may hold anything. */
static void print_plain(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ' || c >= 127) /* names are bytes, perhaps not UTF-8 */
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static const char *role_name(unsigned claim, const struct claim_info *info)
{
    static const char *const roles[] = {"reader", "frames-reader", "packets-reader",
                                        "events-reader"};
    if (claim >= LAYOUT_CLAIM_READER)
        return roles[info->role < sizeof roles / sizeof roles[0] ? info->role : 0];
    return claim_name(claim);
}

/* Calls print for each claim that is held; the shared one names nobody. */
static int each_holder(const struct seg *seg,
                       void (*print)(const char *role, const struct claim_info *info, int nth))
{
    int count = 0;
    for (unsigned claim = LAYOUT_CLAIM_OWNER; claim < LAYOUT_CLAIMS; claim++) {
        struct claim_info info;
        if (claim_holder(seg, claim, &info) > 0)
            print(role_name(claim, &info), &info, count++);
    }
    return count;
}

static void holder_short(const char *role, const struct claim_info *info, int nth)
{
    (void)role;
    printf("%s%s:%" PRIu32, nth ? "," : "", info->command, info->pid);
}

static void holder_line(const char *role, const struct claim_info *info, int nth)
{
    char since[16];
    (void)nth;
    printf("  %-14s pid %" PRIu32 " (%s), for %s\n", role, info->pid, info->command,
           age(info->since_ns, CLOCK_REALTIME, since));
}

static void holder_json(const char *role, const struct claim_info *info, int nth)
{
    printf("%s{\"role\":\"%s\",\"pid\":%" PRIu32 ",\"since\":%.3f,\"command\":", nth ? "," : "",
           role, info->pid, (double)info->since_ns / 1e9);
    print_json_string(info->command);
    putchar('}');
}

static void print_row(const struct object *ob)
{
    char size[16], seen[16], geometry[48] = "-", frames[24] = "-";
    if (ob->seg) {
        const struct layout_header *h = seg_header(ob->seg);
        snprintf(geometry, sizeof geometry, "%" PRIu32 "x%" PRIu32 " %s", h->width, h->height,
                 pix_name(h->format));
        snprintf(frames, sizeof frames, "%" PRIu64, ob->frames.published);
    }
    print_plain(ob->name);
    printf("%*s %-7s %5s %-16s %-6s %6s %5s ",
           strlen(ob->name) < 17 ? (int)(17 - strlen(ob->name)) : 0, "", ob->kind,
           human((uint64_t)ob->st->st_size, size), geometry, ob->state, frames,
           ob->seg ? age(ob->frames.newest_ns, CLOCK_MONOTONIC, seen) : "-");
    if (!ob->seg || each_holder(ob->seg, holder_short) == 0)
        putchar('-');
    putchar('\n');
}

static void print_ring(const char *what, const struct ring_stats *r, uint32_t slots, uint64_t room)
{
    char human_room[16], seen[16];
    printf("  %-14s %" PRIu64 " published, %" PRIu64 " dropped, %" PRIu64 " skipped; %" PRIu32
           " slots of %s",
           what, r->published, r->dropped, r->skipped, slots, human(room, human_room));
    if (r->newest.bytes)
        printf("; newest %" PRIu32 "x%" PRIu32 ", %" PRIu64 " bytes, %s ago", r->newest.width,
               r->newest.height, r->newest.bytes, age(r->newest_ns, CLOCK_MONOTONIC, seen));
    putchar('\n');
}

static const char *owner_name(uid_t uid, char out[40])
{
    const struct passwd *user = getpwuid(uid);
    if (user)
        snprintf(out, 40, "%s", user->pw_name);
    else
        snprintf(out, 40, "%" PRIu32, (uint32_t)uid);
    return out;
}

static void print_block(const struct object *ob)
{
    char owner[40], made[16];
    print_plain(ob->name);
    printf(": %s, %s\n  %-14s %jd bytes, mode %04o, owner %s\n", ob->kind, ob->state, "object",
           (intmax_t)ob->st->st_size, (unsigned)ob->st->st_mode & 07777,
           owner_name(ob->st->st_uid, owner));
    if (!ob->seg)
        return;
    const struct layout_header *h = seg_header(ob->seg);
    printf("  %-14s %" PRIu32 "x%" PRIu32 " %s, generation %016" PRIx64 ", made %s ago%s\n",
           "stream", h->width, h->height, pix_name(h->format), h->generation,
           age(h->created_ns, CLOCK_REALTIME, made),
           h->flags & LAYOUT_OWNED ? ", lives as long as its owner" : "");
    print_ring("frames", &ob->frames, h->frame_slots, h->frame_bytes);
    print_ring("packets", &ob->packets, h->packet_slots, h->packet_bytes);
    printf("  %-14s %" PRIu64 " written, room for %" PRIu32 "\n", "events", ob->events, h->events);
    each_holder(ob->seg, holder_line);
}

static void print_ring_json(const char *what, const struct ring_stats *r, uint32_t slots,
                            uint64_t room)
{
    printf(",\"%s\":{\"published\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"skipped\":%" PRIu64
           ",\"slots\":%" PRIu32 ",\"slot_bytes\":%" PRIu64,
           what, r->published, r->dropped, r->skipped, slots, room);
    if (r->newest.bytes)
        printf(",\"newest\":{\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"bytes\":%" PRIu64
               ",\"age\":%.3f}",
               r->newest.width, r->newest.height, r->newest.bytes,
               (double)(int64_t)(cli_now() - r->newest_ns) / 1e9);
    putchar('}');
}

static void print_json(const struct object *ob, bool first)
{
    char owner[40];
    printf("%s\n{\"name\":", first ? "" : ",");
    print_json_string(ob->name);
    printf(",\"kind\":\"%s\",\"state\":\"%s\",\"bytes\":%jd,\"mode\":\"%04o\",\"owner\":", ob->kind,
           ob->state, (intmax_t)ob->st->st_size, (unsigned)ob->st->st_mode & 07777);
    print_json_string(owner_name(ob->st->st_uid, owner));
    if (ob->seg) {
        const struct layout_header *h = seg_header(ob->seg);
        printf(",\"generation\":\"%016" PRIx64 "\",\"created\":%.3f,\"owned\":%s,\"width\":%" PRIu32
               ",\"height\":%" PRIu32 ",\"format\":\"%s\"",
               h->generation, (double)h->created_ns / 1e9,
               h->flags & LAYOUT_OWNED ? "true" : "false", h->width, h->height,
               pix_name(h->format));
        print_ring_json("frames", &ob->frames, h->frame_slots, h->frame_bytes);
        print_ring_json("packets", &ob->packets, h->packet_slots, h->packet_bytes);
        printf(",\"events\":{\"written\":%" PRIu64 ",\"room\":%" PRIu32 "},\"holders\":[",
               ob->events, h->events);
        each_holder(ob->seg, holder_json);
        putchar(']');
    }
    putchar('}');
}

static bool is_named(const struct options *o, const char *name)
{
    for (char **n = o->names; *n; n++)
        if (!strcmp(seg_name(*n), name))
            return true;
    return !*o->names;
}

static int show(const char *name, const struct stat *st, struct seg *seg, int err, void *user)
{
    struct options *o = user;
    bool ours = seg || err == ENODATA || err == EPROTO || err == EPROTONOSUPPORT;
    if (!is_named(o, name) || (!ours && !o->all && !*o->names))
        return 0;
    struct object ob = {.name = name,
                        .kind = ours ? "stream" : "foreign",
                        .state = object_state(seg, err),
                        .st = st,
                        .seg = seg};
    o->matched++;
    bool leak = seg ? seg_leak(seg) != SEG_FINE : ours;
    o->leaks += leak;
    if (o->check && !leak)
        return 0;
    if (seg) {
        ring_stats(seg, RING_FRAMES, &ob.frames);
        ring_stats(seg, RING_PACKETS, &ob.packets);
        ob.events = evlog_head(seg);
    }
    if (o->json)
        print_json(&ob, o->shown == 0);
    else if (o->detail)
        print_block(&ob);
    else {
        if (o->shown == 0)
            printf("%-17s %-7s %5s %-16s %-6s %6s %5s %s\n", "NAME", "KIND", "SIZE", "GEOMETRY",
                   "STATE", "FRAMES", "AGE", "HOLDERS");
        print_row(&ob);
    }
    o->shown++;
    return 0;
}

static int list_once(struct options *o)
{
    o->shown = o->leaks = o->matched = 0;
    if (o->json)
        putchar('[');
    if (seg_list(show, o) < 0)
        cli_die(CLI_FAIL, "/dev/shm: %s", strerror(errno));
    if (o->json)
        puts(o->shown ? "\n]" : "]");
    if (*o->names && !o->matched) {
        cli_warn("%s: no such stream", *o->names);
        return CLI_FAIL;
    }
    return o->check && o->leaks ? CLI_NO : CLI_OK;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"long", 0, NULL, 'l'},    {"json", 0, NULL, 'j'},
                                          {"watch", 0, NULL, 'w'},   {"all", 0, NULL, 'a'},
                                          {"check", 0, NULL, 'c'},   {"help", 0, NULL, 'h'},
                                          {"version", 0, NULL, 'V'}, {0}};
    struct options o = {0};
    int c, code;
    cli_init("shm-ls", usage);
    while ((c = getopt_long(argc, argv, "ljwhV", longs, NULL)) != -1)
        switch (c) {
        case 'l':
            o.detail = true;
            break;
        case 'j':
            o.json = true;
            break;
        case 'w':
            o.watch = true;
            break;
        case 'a':
            o.all = true;
            break;
        case 'c':
            o.check = true;
            break;
        default:
            cli_option(c);
        }
    if (o.json && (o.detail || o.watch))
        cli_die(CLI_USAGE, "-j goes with neither -l nor -w");
    o.names = argv + optind;
    for (char **n = o.names; *n; n++)
        if (!seg_name(*n))
            cli_die_stream(*n, EINVAL);
    if (!o.watch)
        cli_finish(list_once(&o));
    cli_catch_stop();
    uint64_t due = cli_now();
    do {
        if (isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        code = list_once(&o);
        due += 1000000000u;
    } while (fflush(stdout) == 0 && cli_sleep_until(due));
    cli_finish(code);
}
