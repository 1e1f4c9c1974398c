/*
 * A file or standard input, read by a thread of its own as it comes. What has come is handed over
 * once nothing has followed for a moment, so that a long list comes as a whole, and a growing one
 * bit by bit.
 */
#ifndef NET_LAYOUT_INPUT_H
#define NET_LAYOUT_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;

/* Reads from fd, which is closed in the end. whole: hands over nothing before the end. word
 * changes, and its waiters are woken, when there is something to take. NULL with errno. The caller
 * ends with input_close, at any time. */
struct input *input_open(int fd, bool whole, _Atomic uint32_t *word);
void input_close(struct input *input); /* NULL is allowed */

/*
 * Takes what was handed over: 1 and *text, *bytes of it, the caller's to free; *end: nothing more
 * will come. 0: nothing new. -1 with errno: reading failed.
 */
int input_take(struct input *input, char **text, size_t *bytes, bool *end);

#endif
