/* The header of a JPEG: its marker segments up to the first scan. */
#ifndef SHMCAST_JPEGHEAD_H
#define SHMCAST_JPEGHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text of a JPEG's first COM segment: *length bytes in jpeg, not NUL-terminated. NULL: there is
 * none, or the header is corrupt. Reads each byte once: the JPEG may be in shared memory. */
char *jpeghead_comment(void *jpeg, size_t bytes, size_t *length);

/* Offsets in a JPEG with one scan. */
struct jpeghead {
    size_t comment, rest; /* start and end of its first COM segment; equal, after APP0: none */
    size_t frame;         /* SOF0 */
    size_t bytes;         /* the first entropy-coded byte */
};

enum { JPEGHEAD_COM = 4 }; /* bytes of a COM segment without its text */

/* Finds the parts of the header of a baseline JPEG. false: it is corrupt, or of another kind. */
bool jpeghead_find(struct jpeghead *head, const uint8_t *jpeg, size_t bytes);

/*
 * Writes the header of such a JPEG for a picture of another size, with another comment, of at most
 * 65533 bytes. out: room for head->bytes + JPEGHEAD_COM + length. Returns the number of bytes.
 */
size_t jpeghead_write(const struct jpeghead *head, const uint8_t *jpeg, uint32_t width,
                      uint32_t height, const char *comment, size_t length, uint8_t *out);

/* Sets the size in the header of such a JPEG. */
void jpeghead_resize(const struct jpeghead *head, uint8_t *jpeg, uint32_t width, uint32_t height);

#endif
