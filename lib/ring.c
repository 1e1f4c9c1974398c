#include "ringobj.h"
#include "claim.h"
#include "monotonic.h"
#include "pixfmt.h"
#include "stream.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* shmfmt_ring.newest has the image's number and its slot in one word, so that they are read
 * together. */
static uint64_t newest_number(uint64_t newest)
{
    return newest >> 8;
}

static unsigned newest_slot(uint64_t newest)
{
    return newest & 0xff;
}

static void ring_place(const struct stream *stream, enum ring_channel channel, struct ring *ring)
{
    const struct shmfmt_header *h = stream_header(stream);
    bool frames = channel == RING_FRAMES;
    ring->channel = channel;
    ring->head = stream_at(stream, frames ? h->frames_at : h->packets_at);
    ring->slots = (struct shmfmt_slot *)(ring->head + 1);
    ring->data = stream_at(stream, frames ? h->frame_data_at : h->packet_data_at);
    ring->capacity = frames ? h->frame_bytes : h->packet_bytes;
    ring->count = frames ? h->frame_slots : h->packet_slots;
}

static struct ring *ring_new(struct stream *stream, enum ring_channel channel)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return NULL;
    ring->stream = stream;
    ring->reader = -1;
    ring->next_report = 1;
    ring_place(stream, channel, ring);
    return ring;
}

struct ring *ring_open_writer(struct stream *stream, enum ring_channel channel)
{
    if (claim_take(stream, ring_writer_claim(channel)))
        return NULL;
    struct ring *ring = ring_new(stream, channel);
    if (ring)
        ring->writer = true;
    else
        claim_drop(stream, ring_writer_claim(channel));
    return ring;
}

struct ring *ring_open_reader(struct stream *stream, enum ring_channel channel)
{
    struct ring *ring = ring_new(stream, channel);
    if (!ring)
        return NULL;
    ring->reader =
        claim_take_reader(stream, channel == RING_FRAMES ? CLAIM_ROLE_FRAMES : CLAIM_ROLE_PACKETS);
    return ring;
}

struct ring *ring_open_observer(struct stream *stream, enum ring_channel channel)
{
    return ring_new(stream, channel);
}

void ring_set_packet_kind(struct ring *ring, uint32_t kind)
{
    ring->kind = kind;
}

void ring_close(struct ring *ring)
{
    if (!ring)
        return;
    int err = errno;
    ring_unpin(ring);
    ring_want(ring, false);
    if (ring->writer)
        claim_drop(ring->stream, ring_writer_claim(ring->channel));
    else if (ring->reader >= 0)
        claim_drop(ring->stream, SHMFMT_CLAIM_READER + (unsigned)ring->reader);
    free(ring->copy);
    free(ring);
    errno = err;
}

size_t ring_capacity(const struct ring *ring)
{
    return ring->capacity;
}

static bool slot_pinned(const struct ring *ring, unsigned slot)
{
    for (unsigned i = 0; i < SHMFMT_READERS; i++)
        if (atomic_load(&ring->head->pins[i].slot) == slot + 1)
            return true;
    return false;
}

/* Marks a slot busy unless a reader uses it. The writer marks before it checks the pins, a reader
 * pins before it checks the mark: one of the two sees the other (hazard pointers, Michael 2004). */
static bool slot_take(struct ring *ring, unsigned slot)
{
    _Atomic uint64_t *seq = &ring->slots[slot].seq;
    uint64_t old = atomic_load(seq);
    if (slot_pinned(ring, slot))
        return false;
    atomic_store(seq, old | 1);
    if (!slot_pinned(ring, slot)) {
        atomic_thread_fence(memory_order_release); /* a copy that has new data finds the mark */
        return true;
    }
    atomic_store(seq, old); /* a reader pinned it in between: the image is untouched */
    return false;
}

void *ring_begin(struct ring *ring)
{
    if (stream_alive(ring->stream))
        return NULL;
    uint64_t newest = atomic_load(&ring->head->newest);
    for (int reaped = 0; reaped <= 1; reaped++) {
        for (unsigned i = 1; i <= ring->count; i++) {
            unsigned slot = (ring->at + i) % ring->count;
            if (newest && slot == newest_slot(newest))
                continue;
            if (slot_take(ring, slot)) {
                ring->at = slot;
                ring->busy = true;
                return ring->data + slot * ring->capacity;
            }
        }
        /* Only now is it worth asking the kernel which of the pinning readers have exited. */
        for (unsigned i = 0; !reaped && i < SHMFMT_READERS; i++)
            if (atomic_load(&ring->head->pins[i].slot))
                claim_reap_reader(ring->stream, i);
    }
    errno = EAGAIN;
    return NULL;
}

void ring_commit(struct ring *ring, struct ring_meta *meta)
{
    struct shmfmt_slot *slot = &ring->slots[ring->at];
    meta->number = newest_number(atomic_load(&ring->head->newest)) + 1;
    meta->published_ns = monotonic_ns();
    if (!meta->captured_ns)
        meta->captured_ns = meta->published_ns;
    if (ring->channel == RING_FRAMES)
        meta->frame = meta->number;
    else
        meta->format = ring->kind;
    slot->bytes = meta->bytes;
    slot->width = meta->width;
    slot->height = meta->height;
    slot->format = meta->format;
    slot->flags = meta->flags;
    for (int i = 0; i < PIXFMT_PLANES; i++)
        slot->stride[i] = meta->stride[i];
    slot->aspect_num = meta->aspect_num;
    slot->aspect_den = meta->aspect_den;
    slot->matrix = meta->matrix;
    slot->alpha = meta->alpha;
    slot->extra_bytes = meta->extra_bytes;
    slot->reserved0 = 0;
    slot->frame = meta->frame;
    slot->event = meta->event;
    slot->captured_ns = meta->captured_ns;
    slot->published_ns = meta->published_ns;
    memset(slot->reserved, 0, sizeof slot->reserved);
    atomic_store(&slot->seq, 2 * meta->number);
    atomic_store(&ring->head->newest, meta->number << 8 | ring->at);
    atomic_store(&ring->head->asleep, 0);
    ring->busy = false;
    stream_notify(ring->stream, &ring->head->wake, &ring->head->notify);
}

void ring_abort(struct ring *ring)
{
    ring->busy = false; /* the mark stays: the slot no longer holds a whole image */
}

void ring_drop(struct ring *ring)
{
    atomic_fetch_add(&ring->head->dropped, 1);
    ring_rouse(ring);
}

void ring_skip(struct ring *ring)
{
    atomic_fetch_add(&ring->head->skipped, 1);
    ring_rouse(ring);
}

/* Reads each field once, so that the values checked are the values used. */
static void slot_meta(const volatile struct shmfmt_slot *slot, uint64_t number,
                      struct ring_meta *out)
{
    *out = (struct ring_meta){.number = number,
                              .frame = slot->frame,
                              .event = slot->event,
                              .captured_ns = slot->captured_ns,
                              .published_ns = slot->published_ns,
                              .bytes = slot->bytes,
                              .extra_bytes = slot->extra_bytes,
                              .width = slot->width,
                              .height = slot->height,
                              .format = slot->format,
                              .flags = slot->flags,
                              .stride = {slot->stride[0], slot->stride[1], slot->stride[2]},
                              .aspect_num = slot->aspect_num,
                              .aspect_den = slot->aspect_den,
                              .matrix = slot->matrix,
                              .alpha = slot->alpha};
}

static struct image image_of(const struct ring_meta *meta)
{
    return (struct image){.width = meta->width,
                          .height = meta->height,
                          .format = meta->format,
                          .flags = meta->flags,
                          .stride = {meta->stride[0], meta->stride[1], meta->stride[2]},
                          .aspect_num = meta->aspect_num,
                          .aspect_den = meta->aspect_den,
                          .matrix = meta->matrix,
                          .alpha = meta->alpha};
}

/* Bytes of a slot that an image uses, or more than any slot has. */
static size_t used_bytes(const struct ring_meta *meta)
{
    if (meta->bytes > INT64_MAX)
        return SIZE_MAX;
    return meta->extra_bytes ? ring_extra_at(meta->bytes) + meta->extra_bytes : meta->bytes;
}

/* Whether meta, which another program may have overwritten, is consistent and of a known kind. */
static bool meta_sound(const struct ring *ring, const struct ring_meta *meta)
{
    if (meta->bytes == 0 || used_bytes(meta) > ring->capacity)
        return false;
    if (ring->channel == RING_PACKETS)
        return meta->format <= SHMFMT_PACKET_NET && meta->width >= 1 &&
               meta->width <= SHMFMT_SIDE_MAX && meta->height >= 1 &&
               meta->height <= shmfmt_packet_height_max(meta->format) &&
               pixfmt_aspect_known(meta->aspect_num, meta->aspect_den);
    struct image image = image_of(meta);
    struct pixfmt_planes planes;
    return pixfmt_known(&image) && pixfmt_plan_image(&image, &planes) &&
           meta->bytes == planes.bytes;
}

/* 0, or an errno. */
static int meta_problem(const struct ring *ring, const struct ring_meta *meta)
{
    if (!meta_sound(ring, meta))
        return EPROTO;
    if (ring->channel == RING_PACKETS && meta->format != ring->kind)
        return ENOMSG;
    return 0;
}

static void set_data(struct ring_view *view, const uint8_t *slot)
{
    view->data = slot;
    view->extra = view->meta.extra_bytes ? slot + ring_extra_at(view->meta.bytes) : NULL;
}

/* Copies an image without a pin: a reader of a sequence lock (Boehm 2012). 1; 0: the writer took
 * the slot meanwhile; -1 with errno. */
static int slot_copy(struct ring *ring, unsigned at, uint64_t number, struct ring_view *view)
{
    struct shmfmt_slot *slot = &ring->slots[at];
    if (atomic_load(&slot->seq) != 2 * number)
        return 0;
    slot_meta(slot, number, &view->meta);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load(&slot->seq) != 2 * number)
        return 0;
    int problem = meta_problem(ring, &view->meta);
    if (problem) {
        errno = problem;
        return -1;
    }
    size_t bytes = used_bytes(&view->meta);
    if (!ring->copy && !(ring->copy = malloc(ring->capacity)))
        return -1;
    memcpy(ring->copy, ring->data + at * ring->capacity, bytes);
    atomic_thread_fence(memory_order_acquire);
    set_data(view, ring->copy);
    return atomic_load(&slot->seq) == 2 * number;
}

/* 1; 0: the writer has reused the slot; -1 with errno. */
static int slot_pin(struct ring *ring, unsigned at, uint64_t number, struct ring_view *view)
{
    struct shmfmt_slot *slot = &ring->slots[at];
    atomic_store(&ring->head->pins[ring->reader].slot, at + 1);
    if (atomic_load(&slot->seq) != 2 * number) {
        ring_unpin(ring);
        return 0;
    }
    slot_meta(slot, number, &view->meta);
    int problem = meta_problem(ring, &view->meta);
    if (problem) {
        ring_unpin(ring);
        errno = problem;
        return -1;
    }
    set_data(view, ring->data + at * ring->capacity);
    return 1;
}

/* Whether newest names an image that is neither `after` nor known to be unusable. */
static bool is_new(const struct ring *ring, uint64_t newest, uint64_t after)
{
    uint64_t number = newest_number(newest);
    return newest && number != after && number != ring->unknown;
}

bool ring_news(const struct ring *ring, uint64_t after)
{
    return is_new(ring, atomic_load(&ring->head->newest), after);
}

int ring_pin(struct ring *ring, uint64_t after, struct ring_view *view)
{
    if (stream_alive(ring->stream))
        return -1;
    for (uint64_t newest = atomic_load(&ring->head->newest);;) {
        unsigned at = newest_slot(newest);
        uint64_t number = newest_number(newest);
        if (!is_new(ring, newest, after))
            return 0;
        if (at >= ring->count) {
            errno = EPROTO;
            return -1;
        }
        int result = ring->reader >= 0 ? slot_pin(ring, at, number, view)
                                       : slot_copy(ring, at, number, view);
        if (result < 0 && errno == EPROTO) {
            ring->unknown = number;
            ring->unknowns++;
            return 0;
        }
        if (result)
            return result;
        /* The writer never takes the newest slot: failure means that there is a newer one. */
        uint64_t again = atomic_load(&ring->head->newest);
        if (again == newest) {
            errno = EPROTO;
            return -1;
        }
        newest = again;
    }
}

uint64_t ring_unknown(struct ring *ring)
{
    if (ring->unknowns < ring->next_report)
        return 0;
    ring->next_report *= 10;
    return ring->unknowns;
}

struct image ring_image(const struct ring_view *view)
{
    struct image image = image_of(&view->meta);
    image.data = view->data;
    return image;
}

void ring_describe(struct ring_meta *meta, const struct image *image)
{
    meta->width = image->width;
    meta->height = image->height;
    meta->format = image->format;
    meta->flags = image->flags;
    memcpy(meta->stride, image->stride, sizeof meta->stride);
    meta->aspect_num = image->aspect_num;
    meta->aspect_den = image->aspect_den;
    meta->matrix = image->matrix;
    meta->alpha = image->alpha;
}

void ring_unpin(struct ring *ring)
{
    if (ring->reader >= 0)
        atomic_store(&ring->head->pins[ring->reader].slot, 0);
}

void ring_stats(const struct stream *stream, enum ring_channel channel, struct ring_stats *out)
{
    struct ring ring = {0};
    ring_place(stream, channel, &ring);
    uint64_t newest = atomic_load(&ring.head->newest);
    *out = (struct ring_stats){.published = newest_number(newest),
                               .dropped = atomic_load(&ring.head->dropped),
                               .skipped = atomic_load(&ring.head->skipped),
                               .wanted = ring_wanted_by(ring.head),
                               .asleep = atomic_load(&ring.head->asleep) != 0};
    if (newest && newest_slot(newest) < ring.count) {
        slot_meta(&ring.slots[newest_slot(newest)], newest_number(newest), &out->newest);
        if (!meta_sound(&ring, &out->newest)) /* overwritten just now */
            out->newest = (struct ring_meta){.number = newest_number(newest)};
        out->newest_ns = out->newest.published_ns;
    }
}
