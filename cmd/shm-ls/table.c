#include "table.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "pixfmt.h"
#include "text.h"

enum { SCREEN = 80, NAME_MOST = 20, HELD_LEAST = sizeof "HELD BY" - 1 };

static const char *duration(double s, char out[16])
{
    if (s < 99.95)
        snprintf(out, 16, "%.1fs", s < 0 ? 0 : s);
    else if (s < 100 * 60)
        snprintf(out, 16, "%.0fm", s / 60);
    else if (s < 100 * 3600)
        snprintf(out, 16, "%.0fh", s / 3600);
    else
        snprintf(out, 16, "%.0fd", s / 86400 < 9999 ? s / 86400 : 9999);
    return out;
}

/* Seconds since a moment of the clock, "-" for never. */
static const char *age(double since, clockid_t clock, char out[16])
{
    struct timespec t;
    clock_gettime(clock, &t);
    return since > 0 ? duration((double)t.tv_sec + (double)t.tv_nsec / 1e9 - since, out) : "-";
}

static const char *rate(double rate, char out[16])
{
    if (rate < 0)
        return "-";
    snprintf(out, 16, rate < 99.95 ? "%.1f" : "%.0f", rate < 99999 ? rate : 99999);
    return out;
}

/* Prints a string that may contain control characters. Returns its width in columns. */
static int print_plain(const char *text)
{
    int columns = 0;
    for (; *text; text++) {
        putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
        columns += (*text & 0xc0) != 0x80; /* not for UTF-8 continuation bytes */
    }
    return columns;
}

/* Prints words starting at column `at`; continuation lines are indented. */
static void print_wrapped(const char *text, int at, int indent)
{
    bool first = true;
    for (; *text; text += strspn(text, " ")) {
        int bytes = (int)strcspn(text, " ");
        if (!first && at + 1 + bytes > SCREEN) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (!first) {
            putchar(' ');
            at++;
        }
        printf("%.*s", bytes, text);
        at += bytes;
        text += bytes;
        first = false;
    }
    putchar('\n');
}

/* The n-th claim's holder, or without claims the n-th process, as "command:pid". false: no more. */
static bool holder_word(const struct scan_object *ob, size_t n, char out[40])
{
    if (ob->claim_count && n < ob->claim_count) {
        const struct scan_claim *c = &ob->claims[n];
        snprintf(out, 40, "%s:%" PRIu32, c->info.command, c->pid ? c->pid : c->info.pid);
        return true;
    }
    if (!ob->claim_count && n < ob->use_count) {
        const struct procscan_process *p = &ob->uses[n].process;
        snprintf(out, 40, "%s:%" PRIu32, p->command, p->pid);
        return true;
    }
    return false;
}

/* Prints the holders that fit in `room` columns, and the number of the others. */
static void print_holders(const struct scan_object *ob, int room)
{
    char word[40];
    size_t all = ob->claim_count ? ob->claim_count : ob->use_count, n = 0;
    for (; holder_word(ob, n, word); n++) {
        int bytes = (int)strlen(word) + (n > 0);
        int more = n + 1 < all ? snprintf(NULL, 0, "+%zu", all - n - 1) : 0;
        if (bytes + more > room)
            break;
        printf("%s%s", n ? "," : "", word);
        room -= bytes;
    }
    if (all == 0)
        putchar('-');
    else if (n < all)
        printf(n ? "+%zu" : "%zu", all - n);
    putchar('\n');
}

/* Columns that are as wide as their widest cell. */
enum { STATE, SIZE, GEOMETRY, FRAMES, RATE, AGE, CELLS };

static void fill_cells(const struct scan_object *ob, char cells[CELLS][48])
{
    char text[16];
    for (int i = 0; i < CELLS; i++)
        strcpy(cells[i], "-");
    snprintf(cells[STATE], 48, "%s", ob->state);
    if (ob->st.st_mode)
        snprintf(cells[SIZE], 48, "%s", text_size((uint64_t)ob->st.st_size, text));
    if (!ob->stream) {
        snprintf(cells[GEOMETRY], 48, "%s", ob->kind);
        return;
    }
    snprintf(cells[GEOMETRY], 48, "%" PRIu32 "x%" PRIu32 " %s", ob->width, ob->height,
             pixfmt_name(ob->format));
    snprintf(cells[FRAMES], 48, "%" PRIu64, ob->frames.stats.published);
    snprintf(cells[RATE], 48, "%s", rate(ob->frames.rate, text));
    snprintf(cells[AGE], 48, "%s",
             age((double)ob->frames.stats.newest_ns / 1e9, CLOCK_MONOTONIC, text));
}

static void print_usage(const struct scan *scan)
{
    char all[16], free_bytes[16];
    printf("/dev/shm: %s free of %s\n", text_size(scan->usage.free, free_bytes),
           text_size(scan->usage.bytes, all));
    for (size_t i = 0; i < scan->usage.warning_count; i++) {
        printf("warning: ");
        print_wrapped(scan->usage.warnings[i], 9, 9);
    }
}

/* Nothing is wrong: its reason is not printed. */
static bool is_plain(const struct scan_object *ob)
{
    return !strcmp(ob->state, "live") || !strcmp(ob->state, "idle");
}

void table_print(const struct scan *scan, const struct options *o)
{
    char cells[CELLS][48] = {"STATE", "SIZE", "GEOMETRY", "FRAMES", "FPS", "AGE"};
    int width[CELLS], name_width = 4;
    for (int i = 0; i < CELLS; i++)
        width[i] = (int)strlen(cells[i]);
    for (size_t k = 0; k < scan->count; k++) {
        int bytes = (int)strlen(scan->objects[k].name);
        name_width = bytes > name_width && bytes <= NAME_MOST ? bytes : name_width;
        fill_cells(&scan->objects[k], cells);
        for (int i = 0; i < CELLS; i++)
            width[i] = (int)strlen(cells[i]) > width[i] ? (int)strlen(cells[i]) : width[i];
    }
    int left = SCREEN - name_width - 1;
    for (int i = 0; i < CELLS; i++)
        left -= width[i] + 1;
    if (left < HELD_LEAST) { /* not enough room: long names get lines of their own */
        name_width -= HELD_LEAST - left;
        left = HELD_LEAST;
    }
    if (scan->count)
        printf("%-*s %-*s %*s %-*s %*s %*s %*s %s\n", name_width, "NAME", width[STATE], "STATE",
               width[SIZE], "SIZE", width[GEOMETRY], "GEOMETRY", width[FRAMES], "FRAMES",
               width[RATE], "FPS", width[AGE], "AGE", "HELD BY");
    for (size_t k = 0; k < scan->count; k++) {
        const struct scan_object *ob = &scan->objects[k];
        fill_cells(ob, cells);
        int columns = print_plain(ob->name);
        if (columns > name_width) { /* as df does with long names */
            putchar('\n');
            columns = 0;
        }
        printf("%*s %-*s %*s %-*s %*s %*s %*s ", name_width - columns, "", width[STATE],
               cells[STATE], width[SIZE], cells[SIZE], width[GEOMETRY], cells[GEOMETRY],
               width[FRAMES], cells[FRAMES], width[RATE], cells[RATE], width[AGE], cells[AGE]);
        print_holders(ob, left);
        if (!is_plain(ob)) {
            printf("  ");
            print_wrapped(ob->reason, 2, 2);
        }
    }
    if (!o->check && !*o->names)
        print_usage(scan);
}

/* Format, row order, range, matrix, alpha and strides of the newest frame. */
static void print_frame(const struct ring_meta *m)
{
    printf(" %s%s", pixfmt_name(m->format), m->flags & PIXFMT_BOTTOM_UP ? " bottom-up" : "");
    if (pixfmt_is_yuv(m->format) || m->flags & PIXFMT_LIMITED)
        printf(" %s", m->flags & PIXFMT_LIMITED ? "limited" : "full-range");
    if (m->matrix)
        printf(" %s", pixfmt_matrix_name(m->matrix));
    if (m->alpha)
        printf(", alpha %s", pixfmt_alpha_name(m->alpha));
    for (int i = 0; i < PIXFMT_PLANES; i++)
        if (m->stride[i])
            printf("%s%" PRIu32, i ? "+" : ", rows of ", m->stride[i]);
}

static void print_ring(const char *what, const struct scan_channel *c, uint32_t slots,
                       uint64_t room, bool packets)
{
    const struct ring_stats *r = &c->stats;
    char room_text[16], seen[16], rate_text[16];
    printf("  %-14s %" PRIu64 " published, %" PRIu64 " dropped, %" PRIu64 " skipped; ", what,
           r->published, r->dropped, r->skipped);
    if (c->rate >= 0)
        printf("%s/s; ", rate(c->rate, rate_text));
    printf("%" PRIu32 " slots of %s", slots, text_size(room, room_text));
    if (r->newest.bytes)
        printf("; newest %" PRIu32 "x%" PRIu32, r->newest.width, r->newest.height);
    if (r->newest.bytes && !packets)
        print_frame(&r->newest);
    if (r->newest.aspect_num)
        printf(", pixels %" PRIu32 ":%" PRIu32, r->newest.aspect_num, r->newest.aspect_den);
    if (r->newest.bytes)
        printf(", %" PRIu64 " bytes, %s ago", r->newest.bytes,
               age((double)r->newest_ns / 1e9, CLOCK_MONOTONIC, seen));
    if (packets && c->wanted)
        printf("; wanted by %u", c->wanted);
    else if (packets)
        printf("; wanted by nobody%s", c->asleep ? ", the encoder sleeps" : "");
    putchar('\n');
}

static void print_claim(const struct scan_claim *c)
{
    char since[16];
    printf("  %-14s pid %" PRIu32 " (%s), for %s", text_role(c), c->info.pid, c->info.command,
           age((double)c->info.since_ns / 1e9, CLOCK_REALTIME, since));
    struct procscan_process now;
    switch (c->status) {
    case OWNER_HERE:
        if (c->pid != c->info.pid)
            printf("; that is pid %" PRIu32 " here", c->pid);
        break;
    case OWNER_GONE:
        printf("; it has ended, and a process that inherited the claim holds it");
        break;
    case OWNER_REUSED:
        printf("; it has ended, and a process that inherited the claim holds it; pid %" PRIu32
               " is now %s",
               c->info.pid, procscan_process(c->info.pid, &now) ? now.command : "unused");
        break;
    case OWNER_ELSEWHERE:
        printf("; in a pid namespace that is not visible here");
        break;
    }
    putchar('\n');
}

static void print_stream(const struct scan_object *ob)
{
    printf("  %-14s %" PRIu32 "x%" PRIu32 " %s, generation %016" PRIx64 "%s\n", "stream", ob->width,
           ob->height, pixfmt_name(ob->format), ob->generation,
           ob->flags & SHMFMT_OWNED ? ", lives as long as its owner" : "");
    print_ring("frames", &ob->frames, ob->frame_slots, ob->frame_bytes, false);
    print_ring("packets", &ob->packets, ob->packet_slots, ob->packet_bytes, true);
    printf("  %-14s %" PRIu64 " written, %" PRIu64 " of them readable, %" PRIu64
           " overwritten; room for %" PRIu32,
           "events", ob->events, scan_events_readable(ob), ob->events - scan_events_readable(ob),
           ob->event_room);
    if (ob->event_rate >= 0)
        printf("; %.1f/s", ob->event_rate);
    putchar('\n');
    for (size_t i = 0; i < ob->claim_count; i++)
        print_claim(&ob->claims[i]);
}

static void print_block(const struct scan_object *ob)
{
    char owner[40], made[16], resident[16];
    print_plain(ob->name);
    printf(": %s, %s: %s\n", ob->kind, ob->state, ob->reason);
    if (ob->st.st_mode)
        printf("  %-14s %jd bytes, %s resident, mode %04o, owner %s, made %s ago\n", "object",
               (intmax_t)ob->st.st_size, text_size((uint64_t)ob->st.st_blocks * 512, resident),
               (unsigned)ob->st.st_mode & 07777, text_user(ob->st.st_uid, owner),
               age(ob->made, CLOCK_REALTIME, made));
    if (ob->stream)
        print_stream(ob);
    for (size_t i = 0; i < ob->use_count; i++)
        printf("  %-14s %" PRIu32 " (%s), %s\n", "process", ob->uses[i].process.pid,
               ob->uses[i].process.command,
               ob->uses[i].mapped && ob->uses[i].open ? "mapped and open"
               : ob->uses[i].mapped                   ? "mapped"
                                                      : "open");
}

void table_blocks(const struct scan *scan, const struct options *o)
{
    for (size_t i = 0; i < scan->count; i++)
        print_block(&scan->objects[i]);
    if (!o->check && !*o->names)
        print_usage(scan);
}
