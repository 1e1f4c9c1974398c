/*
 * Reads a file or standard input in a thread. Text is delivered after a short pause in its arrival,
 * so that a long list is delivered as a whole, and a growing one piece by piece.
 */
#ifndef NET_LAYOUT_INPUT_H
#define NET_LAYOUT_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;

/* Reads from fd, and closes it at the end. whole: delivers nothing before the end of the input.
 * When there is text to take, word changes and its waiters wake up. NULL with errno. The caller may
 * call input_close at any time. */
struct input *input_open(int fd, bool whole, _Atomic uint32_t *word);
void input_close(struct input *input); /* NULL is allowed */

/*
 * Takes the delivered text. 1: *text is *bytes long, and the caller frees it; *end: the input has
 * ended. 0: there is none yet. -1 with errno: reading failed.
 */
int input_take(struct input *input, char **text, size_t *bytes, bool *end);

#endif
