/* --www: the files of a folder. */
#ifndef SERVER_STATICFILES_H
#define SERVER_STATICFILES_H

#include <stdbool.h>
#include <stdint.h>

enum staticfiles_found {
    STATICFILES_NOTHING,
    STATICFILES_FOLDER, /* a folder, and the path has no slash at its end */
    STATICFILES_BUSY,   /* no file descriptor is left */
    STATICFILES_FILE
};

struct staticfile {
    int fd; /* the caller closes it */
    uint64_t bytes;
    const char *type;
    char tag[64]; /* for ETag */
};

/* Opens the folder, or exits with a message. */
int staticfiles_open_folder(const char *path);

/* Whether the folder has the page of FURY 0.12: js/interaction.js, which sends mouseLeftClick. */
bool staticfiles_has_fury(int folder);

/* Opens the file of a decoded path of any bytes, without its leading slash. *file is filled in for
 * STATICFILES_FILE. */
enum staticfiles_found staticfiles_open(int folder, const char *path, struct staticfile *file);

#endif
