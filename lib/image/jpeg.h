/*
 * JPEG encoder on libjpeg-turbo: raw frames to baseline JFIF, written directly to the caller's
 * memory. With several threads a frame is cut into strips on restart-marker boundaries, which are
 * encoded in parallel and joined into one plain baseline JPEG. A struct jpeg serves one caller at a
 * time. Its memory is reused: a frame of the same size as the last one allocates nothing.
 */
#ifndef SHMCAST_JPEG_H
#define SHMCAST_JPEG_H

#include <stddef.h>
#include <stdint.h>

struct image;
struct jpeg;

enum jpeg_sampling { JPEG_444, JPEG_422, JPEG_420, JPEG_GRAY };

/* "444", "422", "420", "gray"; -1: none. */
int jpeg_sampling(const char *name);

/* threads ≥ 1. NULL with errno. The caller ends with jpeg_free. */
struct jpeg *jpeg_new(unsigned threads);
void jpeg_free(struct jpeg *jpeg); /* NULL is allowed */

/*
 * YUV images keep their own subsampling unless sampling is JPEG_GRAY; other matrices and limited
 * range become JPEG's BT.601 of full range. A pixel aspect becomes the densities of the JFIF
 * header. quality: 1 … 100. comment: text for a COM segment right after the JFIF header, or NULL.
 * out: room bytes. Returns the JPEG's size, or 0 with errno: ENOSPC (room too small), EINVAL (size,
 * format, other properties of the image, or quality), ENOMEM, EPROTO (libjpeg failed).
 */
size_t jpeg_encode(struct jpeg *jpeg, const struct image *image, int quality,
                   enum jpeg_sampling sampling, const char *comment, void *out, size_t room);

/* Upper bound of the size of a JPEG with these sides; 0: sides out of range. */
size_t jpeg_bound(uint32_t width, uint32_t height);

#endif
