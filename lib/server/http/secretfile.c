#include "secretfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES = 1 << 20 };

char *secretfile_read(const char *path, size_t *bytes, char *problem, size_t size)
{
    struct stat is;
    char *text = NULL;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &is)) {
        snprintf(problem, size, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(is.st_mode)) {
        snprintf(problem, size, "%s: not a regular file", path);
    } else if (is.st_uid == geteuid() && (is.st_mode & 077)) {
        snprintf(problem, size, "%s: other users can read or write it; run chmod go= %s", path,
                 path);
    } else if (is.st_size >= FILE_BYTES) {
        snprintf(problem, size, "%s: larger than %d bytes", path, FILE_BYTES);
    } else if (!(text = malloc(FILE_BYTES + 1)) || (n = read(fd, text, FILE_BYTES)) < 0) {
        snprintf(problem, size, "%s: %s", path, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(text);
        return NULL;
    }
    *bytes = (size_t)n;
    text[n] = 0;
    return text;
}
