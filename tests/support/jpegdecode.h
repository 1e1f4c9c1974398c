/* Shared by unit tests: libjpeg's decoder. */
#ifndef SHMCAST_JPEGDECODE_H
#define SHMCAST_JPEGDECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include "support/fence.h"

struct decoded {
    uint8_t *samples; /* rows without padding; the caller frees them */
    size_t bytes;
    uint32_t width, height;
    unsigned components, interval; /* interval: MCUs between restart markers */
};

/* smooth: chroma is interpolated. Errors and warnings of libjpeg, and bytes after the JPEG, end the
 * program. */
static inline struct decoded jpeg_decode(const uint8_t *jpeg, size_t bytes, bool smooth)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    d.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, jpeg, bytes);
    jpeg_read_header(&d, TRUE);
    d.do_fancy_upsampling = smooth;
    jpeg_start_decompress(&d);
    struct decoded out = {.width = d.output_width,
                          .height = d.output_height,
                          .components = (unsigned)d.output_components,
                          .interval = d.restart_interval};
    size_t stride = (size_t)out.width * out.components;
    out.bytes = stride * out.height;
    out.samples = malloc(out.bytes);
    CHECK(out.samples, "malloc");
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = out.samples + d.output_scanline * stride;
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    CHECK(errors.num_warnings == 0 && d.src->bytes_in_buffer == 0, "the decoder warned");
    jpeg_destroy_decompress(&d);
    return out;
}

#endif
