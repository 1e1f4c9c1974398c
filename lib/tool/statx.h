/* statx(2), which musl has only from 1.2.5 on. */
#ifndef SHMCAST_STATX_H
#define SHMCAST_STATX_H

#include <sys/stat.h>

#ifndef STATX_TYPE
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

static inline int statx(int dir, const char *path, int flags, unsigned mask, struct statx *out)
{
    return (int)syscall(SYS_statx, dir, path, flags, mask, out);
}
#endif

#endif
