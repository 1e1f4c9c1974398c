/* Files with secrets: tokens, passwords. */
#ifndef SERVER_SECRETFILE_H
#define SERVER_SECRETFILE_H

#include <stddef.h>

/* The contents of a regular file that other users can neither read nor write, *bytes long, in
 * malloc'ed memory with a null character after them; NULL with a message in problem. The caller
 * wipes and frees it. */
char *secretfile_read(const char *path, size_t *bytes, char *problem, size_t size);

#endif
