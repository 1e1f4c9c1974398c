#include "tool/procscan.h"
#include "procstat.h"
#include "tool/statx.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct procscan {
    dev_t dev;
    struct procscan_use *uses;
    size_t count, room;
    size_t first; /* of the process being scanned */
    unsigned hidden;
};

static const char gone_mark[] = " (deleted)"; /* after the path of an unlinked object */

/* The last of NSpid's numbers is the pid in the innermost namespace. */
static uint32_t inner_pid(uint32_t pid)
{
    char path[64], text[4096];
    uint32_t inner = pid;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/status", pid);
    char *p = procstat_text(path, text, sizeof text) ? strstr(text, "\nNSpid:") : NULL;
    if (!p)
        return inner;
    for (p += strlen("\nNSpid:"); *p == '\t' || *p == ' ';)
        inner = (uint32_t)strtoul(p, &p, 10);
    return inner;
}

uint64_t procscan_pid_ns(void)
{
    return procstat_pid_ns("self");
}

int procscan_process(uint32_t pid, struct procscan_process *out)
{
    char number[16];
    struct procstat stat;
    *out = (struct procscan_process){.pid = pid};
    snprintf(number, sizeof number, "%" PRIu32, pid);
    if (!procstat_read(number, &stat))
        return 0;
    memcpy(out->command, stat.command, sizeof out->command);
    out->start_time = stat.start_time;
    out->inner_pid = inner_pid(pid);
    out->pid_ns = procstat_pid_ns(number);
    return 1;
}

/* Finds or adds this process's use of an object. NULL: no memory. */
static struct procscan_use *use_of(struct procscan *h, uint32_t pid, uint64_t inode)
{
    for (size_t i = h->first; i < h->count; i++)
        if (h->uses[i].inode == inode)
            return &h->uses[i];
    if (h->count == h->room) {
        size_t room = h->room ? 2 * h->room : 64;
        struct procscan_use *grown = realloc(h->uses, room * sizeof *grown);
        if (!grown)
            return NULL;
        h->uses = grown;
        h->room = room;
    }
    struct procscan_use *use = &h->uses[h->count];
    *use = (struct procscan_use){.inode = inode};
    if (h->count > h->first)
        use->process = h->uses[h->first].process;
    else
        procscan_process(pid, &use->process);
    h->count++;
    return use;
}

/*
 * Sets the name from a path. For a descriptor from O_TMPFILE the kernel always shows "#inode",
 * even if the object was given a name later, so that is ignored.
 */
static void use_name(struct procscan_use *use, char *path, bool nameless)
{
    size_t bytes = strlen(path), mark = sizeof gone_mark - 1;
    if (nameless && bytes > mark && !strcmp(path + bytes - mark, gone_mark))
        path[bytes - mark] = 0;
    char *slash = strrchr(path, '/');
    if (slash && slash[1] != '#')
        snprintf(use->name, sizeof use->name, "%s", slash + 1);
}

/* /proc/PID/fd: stat follows each link to the object itself. */
static int scan_fds(struct procscan *h, uint32_t pid, const char *dir)
{
    DIR *fds = opendir(dir);
    int result = 0;
    if (!fds) {
        h->hidden += errno == EACCES || errno == EPERM;
        return 0;
    }
    for (struct dirent *e; result == 0 && (e = readdir(fds));) {
        struct statx sx;
        char target[4096];
        /* Does not wait for network file systems. */
        if (e->d_name[0] == '.' || statx(dirfd(fds), e->d_name, AT_STATX_DONT_SYNC,
                                         STATX_TYPE | STATX_INO | STATX_NLINK, &sx))
            continue;
        if (makedev(sx.stx_dev_major, sx.stx_dev_minor) != h->dev || S_ISDIR(sx.stx_mode))
            continue;
        struct procscan_use *use = use_of(h, pid, sx.stx_ino);
        if (!use) {
            result = -1;
            break;
        }
        ssize_t n = readlinkat(dirfd(fds), e->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = 0;
        use->open = true;
        use->nameless = sx.stx_nlink == 0;
        use_name(use, target, use->nameless);
        snprintf(use->path, sizeof use->path, "/proc/%" PRIu32 "/fd/%.10s", pid, e->d_name);
    }
    closedir(fds);
    return result;
}

/* One line of /proc/PID/maps. A descriptor of the same object has given more already. */
static int scan_map(struct procscan *h, uint32_t pid, char *line)
{
    uint64_t from, to, inode;
    unsigned major_no, minor_no;
    int path_at = 0;
    struct stat st;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*x %x:%x %" SCNu64 " %n", &from, &to, &major_no,
               &minor_no, &inode, &path_at) < 5 ||
        !path_at || makedev(major_no, minor_no) != h->dev)
        return 0;
    line[strcspn(line, "\n")] = 0;
    struct procscan_use *use = use_of(h, pid, inode);
    if (!use)
        return -1;
    use->mapped = true;
    if (*use->path)
        return 0;
    snprintf(use->path, sizeof use->path, "/proc/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64, pid,
             from, to);
    size_t bytes = strlen(line), mark = sizeof gone_mark - 1;
    if (stat(use->path, &st) == 0)
        use->nameless = st.st_nlink == 0;
    else /* map_files is only for root: goes by the text */
        use->nameless = bytes > mark && !strcmp(line + bytes - mark, gone_mark);
    use_name(use, line + path_at, use->nameless);
    return 0;
}

static int scan_process(struct procscan *h, uint32_t pid)
{
    char path[64], *line = NULL;
    size_t room = 0;
    int result;
    h->first = h->count;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/fd", pid);
    result = scan_fds(h, pid, path);
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/maps", pid);
    FILE *maps = fopen(path, "re");
    while (maps && result == 0 && getline(&line, &room, maps) > 0)
        result = scan_map(h, pid, line);
    free(line);
    if (maps)
        fclose(maps);
    return result;
}

static int by_inode(const void *a, const void *b)
{
    const struct procscan_use *x = a, *y = b;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return (x->process.pid > y->process.pid) - (x->process.pid < y->process.pid);
}

struct procscan *procscan_run(void)
{
    struct procscan *h = calloc(1, sizeof *h);
    struct stat st;
    DIR *proc = opendir("/proc");
    if (!h || !proc || stat("/dev/shm", &st))
        goto fail;
    h->dev = st.st_dev;
    for (struct dirent *e; (e = readdir(proc));) {
        unsigned long pid = strtoul(e->d_name, NULL, 10);
        if (pid && pid != (unsigned long)getpid() && scan_process(h, (uint32_t)pid))
            goto fail;
    }
    closedir(proc);
    if (h->count)
        qsort(h->uses, h->count, sizeof *h->uses, by_inode);
    return h;
fail:
    procscan_free(h);
    if (proc)
        closedir(proc);
    return NULL;
}

void procscan_free(struct procscan *h)
{
    int err = errno;
    if (h)
        free(h->uses);
    free(h);
    errno = err;
}

const struct procscan_use *procscan_of(const struct procscan *h, uint64_t inode, size_t *count)
{
    size_t first = 0, end;
    *count = 0;
    if (!h->count)
        return NULL;
    while (first < h->count && h->uses[first].inode < inode)
        first++;
    for (end = first; end < h->count && h->uses[end].inode == inode;)
        end++;
    *count = end - first;
    return h->uses + first;
}

const struct procscan_use *procscan_all(const struct procscan *h, size_t *count)
{
    *count = h->count;
    return h->uses;
}

unsigned procscan_hidden(const struct procscan *h)
{
    return h->hidden;
}
