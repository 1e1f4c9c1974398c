#include "handle.h"
#include "stream.h"
#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct shmcast_image) == IMAGE_BYTES, "shmcast_image");
_Static_assert((int)SHMCAST_F32 == PIXFMT_F32 && (int)SHMCAST_GRAY8 == PIXFMT_GRAY8, "formats");
_Static_assert((int)SHMCAST_BOTTOM_UP == PIXFMT_BOTTOM_UP && (int)SHMCAST_LIMITED == PIXFMT_LIMITED,
               "flags");
_Static_assert((int)SHMCAST_BT709 == PIXFMT_BT709 && (int)SHMCAST_BT601 == PIXFMT_BT601 &&
                   (int)SHMCAST_BT2020 == PIXFMT_BT2020,
               "matrices");
_Static_assert((int)SHMCAST_ALPHA_PREMULTIPLIED == PIXFMT_ALPHA_PREMULTIPLIED &&
                   (int)SHMCAST_ALPHA_IGNORED == PIXFMT_ALPHA_IGNORED,
               "alpha");

static int fail(int err)
{
    errno = err;
    return -1;
}

static int get_image(struct shmcast_image *out, const struct shmcast_image *image)
{
    return sized_get(out, sizeof *out, image, image->size, IMAGE_BYTES);
}

static void put_image(struct shmcast_image *image, const struct shmcast_image *known)
{
    sized_put(image, image->size, known, sizeof *known);
}

/* Sets the strides, the offsets and the size of a frame. */
static void set_planes(struct shmcast_image *image, const struct pixfmt_planes *planes)
{
    for (int i = 0; i < PIXFMT_PLANES; i++) {
        image->stride[i] = i < planes->count ? (uint32_t)planes->plane[i].stride : 0;
        image->offset[i] = i < planes->count ? planes->plane[i].offset : 0;
    }
    image->bytes = planes->bytes;
}

/* Completes a frame that the caller describes. 0; -1 with EINVAL: impossible, or EMSGSIZE. */
static int plan_frame(const struct shmcast_stream *handle, struct shmcast_image *image,
                      struct ring_meta *meta)
{
    const struct shmfmt_header *h = stream_header(handle->stream);
    if (!image->width && !image->height) {
        image->width = h->width;
        image->height = h->height;
    }
    if (!image->format)
        image->format = h->format;
    if (image->matrix > UINT8_MAX || image->alpha > UINT8_MAX)
        return fail(EINVAL);
    struct image plain = {.width = image->width,
                          .height = image->height,
                          .format = image->format,
                          .flags = image->flags,
                          .aspect_num = image->aspect_num,
                          .aspect_den = image->aspect_den,
                          .matrix = (uint8_t)image->matrix,
                          .alpha = (uint8_t)image->alpha};
    struct pixfmt_planes planes;
    memcpy(plain.stride, image->stride, sizeof plain.stride);
    if (!pixfmt_known(&plain) || !pixfmt_plan_image(&plain, &planes))
        return fail(EINVAL);
    if (planes.bytes > h->frame_bytes)
        return fail(EMSGSIZE);
    for (int i = 0; i < planes.count; i++)
        if (plain.stride[i] == planes.plane[i].row_bytes)
            plain.stride[i] = 0;
    ring_describe(meta, &plain);
    meta->bytes = planes.bytes;
    set_planes(image, &planes);
    return 0;
}

static int plan_packet(const struct shmcast_stream *handle, const struct shmcast_image *image,
                       struct ring_meta *meta)
{
    if (image->format != SHMFMT_PACKET_JPEG || image->flags || image->matrix || image->alpha ||
        image->stride[0] || image->stride[1] || image->stride[2] || !image->width ||
        image->width > SHMFMT_SIDE_MAX || !image->height || image->height > SHMFMT_SIDE_MAX ||
        !pixfmt_aspect_known(image->aspect_num, image->aspect_den) || !image->bytes)
        return fail(EINVAL);
    if (image->bytes > stream_header(handle->stream)->packet_bytes)
        return fail(EMSGSIZE);
    *meta = (struct ring_meta){.frame = image->frame,
                               .bytes = image->bytes,
                               .width = image->width,
                               .height = image->height,
                               .aspect_num = image->aspect_num,
                               .aspect_den = image->aspect_den};
    return 0;
}

int shmcast_begin(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image)
{
    enum ring_channel channel;
    struct shmcast_image known;
    struct ring_meta meta;
    if (handle_check(stream) || !handle_channel(part, &channel) || get_image(&known, image) ||
        (channel == RING_FRAMES && plan_frame(stream, &known, &meta)))
        return -1;
    struct ring **writer = &stream->writer[channel];
    if (!*writer && stream_alive(stream->stream))
        return -1;
    if (!*writer && !(*writer = ring_open_writer(stream->stream, channel)))
        return -1;
    known.data = ring_begin(*writer);
    stream->begun[channel] = known.data != NULL;
    if (!known.data && errno == EAGAIN)
        ring_drop(*writer);
    if (!known.data)
        return -1;
    known.capacity = ring_capacity(*writer);
    put_image(image, &known);
    return 0;
}

int shmcast_publish(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image)
{
    enum ring_channel channel;
    struct shmcast_image known;
    struct ring_meta meta = {0};
    if (handle_check(stream) || !handle_channel(part, &channel) || get_image(&known, image))
        return -1;
    if (!stream->begun[channel])
        return fail(EINVAL);
    if (channel == RING_FRAMES ? plan_frame(stream, &known, &meta)
                               : plan_packet(stream, &known, &meta))
        return -1;
    meta.event = known.event ? known.event : stream->answered;
    meta.captured_ns = known.captured_ns;
    ring_commit(stream->writer[channel], &meta);
    stream->begun[channel] = false;
    known.data = NULL;
    known.published_ns = meta.published_ns;
    known.number = meta.number;
    known.frame = meta.frame;
    put_image(image, &known);
    return 0;
}

void shmcast_abort(shmcast_stream *stream, enum shmcast_part part)
{
    enum ring_channel channel;
    int err = errno;
    if (handle_check(stream) == 0 && handle_channel(part, &channel) && stream->begun[channel]) {
        ring_abort(stream->writer[channel]);
        stream->begun[channel] = false;
    }
    errno = err;
}

int shmcast_pin(shmcast_stream *stream, enum shmcast_part part, struct shmcast_image *image)
{
    enum ring_channel channel;
    struct shmcast_image known;
    struct ring_view view;
    if (handle_check(stream) || !handle_channel(part, &channel) || get_image(&known, image))
        return -1;
    struct ring *reader = handle_reader(stream, channel);
    int got = reader ? ring_pin(reader, stream->seen[channel], &view) : -1;
    if (got <= 0)
        return got;
    const struct ring_meta *meta = &view.meta;
    stream->seen[channel] = meta->number;
    known = (struct shmcast_image){.size = image->size,
                                   .width = meta->width,
                                   .height = meta->height,
                                   .format = meta->format,
                                   .flags = meta->flags,
                                   .matrix = meta->matrix,
                                   .alpha = meta->alpha,
                                   .aspect_num = meta->aspect_num,
                                   .aspect_den = meta->aspect_den,
                                   .event = meta->event,
                                   .captured_ns = meta->captured_ns,
                                   .frame = meta->frame,
                                   .number = meta->number,
                                   .published_ns = meta->published_ns,
                                   .bytes = meta->bytes,
                                   .capacity = ring_capacity(reader),
                                   .data = (void *)(uintptr_t)view.data};
    struct pixfmt_planes planes;
    struct image plain = ring_image(&view);
    if (channel == RING_FRAMES && pixfmt_plan_image(&plain, &planes))
        set_planes(&known, &planes);
    put_image(image, &known);
    return 1;
}

void shmcast_release(shmcast_stream *stream, enum shmcast_part part)
{
    enum ring_channel channel;
    int err = errno;
    if (handle_check(stream) == 0 && handle_channel(part, &channel) && stream->reader[channel])
        ring_unpin(stream->reader[channel]);
    errno = err;
}

int shmcast_want(shmcast_stream *stream, enum shmcast_part part, int want)
{
    enum ring_channel channel;
    if (handle_check(stream) || !handle_channel(part, &channel))
        return -1;
    stream->wants[channel] = want != 0;
    struct ring *reader = handle_reader(stream, channel);
    if (!reader)
        return -1;
    ring_want(reader, want != 0);
    return 0;
}

int shmcast_wanted(shmcast_stream *stream, enum shmcast_part part)
{
    enum ring_channel channel;
    if (handle_check(stream) || !handle_channel(part, &channel) || stream_alive(stream->stream))
        return -1;
    struct ring *observer = handle_observer(stream, channel);
    return observer ? ring_watched(observer) : -1;
}
