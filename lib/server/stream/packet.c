#include "packet.h"
#include <inttypes.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FREE_MAX = 3,
    TAIL = 2,         /* bytes after a part of multipart: \r\n */
    MESSAGE_HEAD = 10 /* most bytes of a message's framing */
};

static struct packet *packet_new(struct packet_pool *pool, size_t bytes)
{
    struct packet *packet = pool->free;
    if (packet) {
        pool->free = packet->next;
        pool->count--;
    }
    if (!packet || packet->room < bytes) {
        /* Sizes vary from packet to packet; spare room makes reallocation rare. */
        size_t room = bytes + bytes / 4 + 4096;
        free(packet);
        packet = malloc(sizeof *packet + LWS_PRE + PACKET_HEAD + room + TAIL);
        if (!packet)
            return NULL;
        packet->room = room;
        packet->data = (unsigned char *)(packet + 1) + LWS_PRE + PACKET_HEAD;
    }
    packet->refs = 1;
    packet->parts_made = 0;
    return packet;
}

/* The head of a binary WebSocket message (RFC 6455, 5.2), final and unmasked. */
static void make_message_head(struct packet_head *head, uint64_t bytes)
{
    unsigned more = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
    head->bytes = 2 + more;
    head->text[0] = 0x82;
    head->text[1] = more == 0 ? (unsigned char)bytes : more == 2 ? 126 : 127;
    for (unsigned i = 0; i < more; i++)
        head->text[2 + i] = (unsigned char)(bytes >> 8 * (more - 1 - i));
}

/* Copies the table of the tiles to the bytes after the JPEG. */
static void copy_tiles(struct packet *packet, const struct ring_view *view)
{
    const struct ring_meta *meta = &view->meta;
    size_t behind = meta->bytes + TAIL;
    void *table = packet->data + behind + (-(uintptr_t)(packet->data + behind) & 7);
    packet->tiled = packet->sharp = false;
    if (!view->extra)
        return;
    memcpy(table, view->extra, meta->extra_bytes);
    packet->tiled = tileparts_open(&packet->tiles, packet->data, meta->bytes, table,
                                   meta->extra_bytes, meta->width, meta->height, meta->number);
    packet->sharp = packet->tiled && tileparts_is_sharp(&packet->tiles);
}

struct packet *packet_copy(struct packet_pool *pool, const struct ring_view *view,
                           uint64_t generation)
{
    struct packet *packet = packet_new(pool, view->meta.bytes + 7 + view->meta.extra_bytes);
    if (!packet)
        return NULL;
    memcpy(packet->data, view->data, view->meta.bytes);
    memcpy(packet->data + view->meta.bytes, "\r\n", TAIL);
    packet->meta = view->meta;
    packet->generation = generation;
    copy_tiles(packet, view);
    make_message_head(&packet->message, view->meta.bytes);
    packet->part.bytes = (size_t)snprintf(
        (char *)packet->part.text, sizeof packet->part.text,
        "--shmcast\r\nContent-Type: image/jpeg\r\nContent-Length: %" PRIu64 "\r\n\r\n",
        view->meta.bytes);
    return packet;
}

struct packet *packet_hold(struct packet *packet)
{
    packet->refs++;
    return packet;
}

bool packet_sharpens(const struct packet *packet, const struct packet *earlier)
{
    return packet->sharp && packet->tiles.table->first <= earlier->meta.number &&
           packet->tiles.changed <= earlier->meta.number;
}

static void free_parts(struct packet *packet)
{
    for (unsigned i = 0; i < PACKET_MESSAGES && i < packet->parts_made; i++)
        free(packet->parts[i].memory);
}

void packet_release(struct packet_pool *pool, struct packet *packet)
{
    if (--packet->refs)
        return;
    free_parts(packet);
    if (pool->count == FREE_MAX) {
        free(packet);
        return;
    }
    packet->next = pool->free;
    pool->free = packet;
    pool->count++;
}

void packet_pool_free(struct packet_pool *pool)
{
    while (pool->free) {
        struct packet *packet = pool->free;
        pool->free = packet->next;
        free(packet);
    }
    pool->count = 0;
}

static void make_parts(struct packet *packet, const struct tileparts_shown *shown,
                       struct packet_parts *out)
{
    enum { LEAD = LWS_PRE + MESSAGE_HEAD };
    struct packet_head head;
    *out = (struct packet_parts){.shown = *shown};
    out->memory = tileparts_make(&packet->tiles, shown, LEAD, &out->bytes);
    if (!out->memory)
        return;
    make_message_head(&head, out->bytes);
    out->message = out->memory + LEAD - head.bytes;
    out->message_bytes = head.bytes + out->bytes;
    memcpy(out->message, head.text, head.bytes);
}

const struct packet_parts *packet_parts(struct packet *packet, const struct tileparts_shown *shown)
{
    struct packet_parts *parts = packet->parts;
    for (unsigned i = 0; i < PACKET_MESSAGES && i < packet->parts_made; i++)
        if (parts[i].shown.number == shown->number && parts[i].shown.sharp == shown->sharp)
            return parts[i].memory ? &parts[i] : NULL;
    parts += packet->parts_made % PACKET_MESSAGES;
    if (packet->parts_made++ >= PACKET_MESSAGES)
        free(parts->memory);
    make_parts(packet, shown, parts);
    return parts->memory ? parts : NULL;
}

static unsigned char *with_head(struct packet *packet, const struct packet_head *head)
{
    return memcpy(packet->data - head->bytes, head->text, head->bytes);
}

unsigned char *packet_as_message(struct packet *packet, size_t *bytes)
{
    *bytes = packet->message.bytes + packet->meta.bytes;
    return with_head(packet, &packet->message);
}

unsigned char *packet_as_part(struct packet *packet, size_t *bytes)
{
    *bytes = packet->part.bytes + packet->meta.bytes + TAIL;
    return with_head(packet, &packet->part);
}
