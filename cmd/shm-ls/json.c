#include "json.h"
#include <inttypes.h>
#include <stdio.h>
#include "monotonic.h"
#include "pixfmt.h"
#include "text.h"
#include "tool/json.h"

static void print_string(const char *text)
{
    json_string(stdout, text);
}

/* A member that is null if its value is unknown. */
static void print_known(const char *key, double value, bool known)
{
    printf(",\"%s\":", key);
    if (known)
        printf("%.3f", value);
    else
        printf("null");
}

/* The size of a pixel, and what a frame's bytes mean. */
static void print_image(const struct ring_meta *m, bool packets)
{
    printf(",\"aspect\":[%" PRIu32 ",%" PRIu32 "]", m->aspect_num ? m->aspect_num : 1,
           m->aspect_den ? m->aspect_den : 1);
    if (!packets)
        printf(",\"format\":\"%s\",\"stride\":[%" PRIu32 ",%" PRIu32 ",%" PRIu32
               "],\"bottom_up\":%s,\"limited\":%s,\"matrix\":\"%s\",\"alpha\":\"%s\"",
               pixfmt_name(m->format), m->stride[0], m->stride[1], m->stride[2],
               m->flags & PIXFMT_BOTTOM_UP ? "true" : "false",
               m->flags & PIXFMT_LIMITED ? "true" : "false", pixfmt_matrix_name(m->matrix),
               pixfmt_alpha_name(m->alpha));
}

static void print_ring(const char *what, const struct scan_channel *c, uint32_t slots,
                       uint64_t room, bool packets)
{
    const struct ring_stats *r = &c->stats;
    printf(",\"%s\":{\"published\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"skipped\":%" PRIu64
           ",\"slots\":%" PRIu32 ",\"slot_bytes\":%" PRIu64,
           what, r->published, r->dropped, r->skipped, slots, room);
    print_known("rate", c->rate, c->rate >= 0);
    if (r->newest.bytes) {
        printf(",\"newest\":{\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"bytes\":%" PRIu64
               ",\"age\":%.3f",
               r->newest.width, r->newest.height, r->newest.bytes,
               (double)(int64_t)(monotonic_ns() - r->newest_ns) / 1e9);
        print_image(&r->newest, packets);
        putchar('}');
    }
    if (packets)
        printf(",\"wanted\":%u,\"asleep\":%s", c->wanted, c->asleep ? "true" : "false");
    putchar('}');
}

static void print_claims(const struct scan_object *ob)
{
    static const char *const statuses[] = {"here", "gone", "reused", "elsewhere"};
    printf(",\"holders\":[");
    for (size_t i = 0; i < ob->claim_count; i++) {
        const struct scan_claim *c = &ob->claims[i];
        printf("%s{\"role\":\"%s\",\"pid\":%" PRIu32 ",\"since\":%.3f,\"process\":\"%s\"",
               i ? "," : "", text_role(c), c->info.pid, (double)c->info.since_ns / 1e9,
               statuses[c->status]);
        if (c->pid)
            printf(",\"pid_here\":%" PRIu32, c->pid);
        printf(",\"command\":");
        print_string(c->info.command);
        putchar('}');
    }
    putchar(']');
}

static void print_stream(const struct scan_object *ob)
{
    printf(",\"generation\":\"%016" PRIx64 "\",\"owned\":%s,\"width\":%" PRIu32
           ",\"height\":%" PRIu32 ",\"format\":\"%s\"",
           ob->generation, ob->flags & SHMFMT_OWNED ? "true" : "false", ob->width, ob->height,
           pixfmt_name(ob->format));
    print_ring("frames", &ob->frames, ob->frame_slots, ob->frame_bytes, false);
    print_ring("packets", &ob->packets, ob->packet_slots, ob->packet_bytes, true);
    printf(",\"events\":{\"written\":%" PRIu64 ",\"room\":%" PRIu32 ",\"readable\":%" PRIu64
           ",\"overwritten\":%" PRIu64 "}",
           ob->events, ob->event_room, scan_events_readable(ob),
           ob->events - scan_events_readable(ob));
    print_claims(ob);
}

static void print_object(const struct scan_object *ob)
{
    static const char *const held[] = {"null", "false", "true"};
    char owner[40];
    printf("{\"name\":");
    print_string(ob->name);
    printf(",\"kind\":\"%s\",\"state\":\"%s\",\"reason\":", ob->kind, ob->state);
    print_string(ob->reason);
    printf(",\"leak\":%s,\"named\":%s,\"held\":%s,\"inode\":%ju", ob->leak ? "true" : "false",
           ob->st.st_nlink ? "true" : "false", held[ob->held + 1], (uintmax_t)ob->st.st_ino);
    if (ob->st.st_mode) {
        printf(",\"bytes\":%jd,\"resident\":%jd,\"mode\":\"%04o\",\"owner\":",
               (intmax_t)ob->st.st_size, (intmax_t)ob->st.st_blocks * 512,
               (unsigned)ob->st.st_mode & 07777);
        print_string(text_user(ob->st.st_uid, owner));
        print_known("created", ob->made, ob->made > 0);
    }
    if (ob->stream)
        print_stream(ob);
    printf(",\"processes\":[");
    for (size_t i = 0; i < ob->use_count; i++) {
        const struct procscan_use *use = &ob->uses[i];
        printf("%s{\"pid\":%" PRIu32 ",\"mapped\":%s,\"open\":%s,\"command\":", i ? "," : "",
               use->process.pid, use->mapped ? "true" : "false", use->open ? "true" : "false");
        print_string(use->process.command);
        putchar('}');
    }
    printf("]}");
}

void json_print(const struct scan *scan)
{
    printf("{\"objects\":[");
    for (size_t i = 0; i < scan->count; i++) {
        printf(i ? ",\n" : "\n");
        print_object(&scan->objects[i]);
    }
    printf("],\n\"leaks\":%zu,\"hidden_processes\":%u,\"space\":{\"bytes\":%" PRIu64
           ",\"free\":%" PRIu64 "},\"warnings\":[",
           scan->leaks, procscan_hidden(scan->processes), scan->usage.bytes, scan->usage.free);
    for (size_t i = 0; i < scan->usage.warning_count; i++) {
        printf(i ? "," : "");
        print_string(scan->usage.warnings[i]);
    }
    puts("]}");
}
