/* The file formats that can be read, and others that are recognized. */
#ifndef NET_LAYOUT_FILEFORMAT_H
#define NET_LAYOUT_FILEFORMAT_H

#include <stddef.h>

enum file_format {
    FORMAT_ANY,
    FORMAT_EDGES,
    FORMAT_NCOL,
    FORMAT_GRAPHML,
    FORMAT_GEXF,
    FORMAT_GML,
    FORMAT_PAJEK
};

/* Finds a format by name; FORMAT_ANY if there is none. */
enum file_format fileformat_find(const char *name);
const char *fileformat_names(void);                    /* for messages */
const char *fileformat_title(enum file_format format); /* for messages */

/* Detects the format of a text from its beginning; FORMAT_EDGES if it is no other. */
enum file_format fileformat_detect(const char *text, size_t bytes);

/* Recognizes formats that cannot be read. Returns a message that has the format and how to convert
 * it, or NULL. */
const char *fileformat_unsupported(const char *text, size_t bytes);

#endif
