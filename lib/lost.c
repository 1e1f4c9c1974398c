#include "lost.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* One object, with all who have it. */
static int lost_one(const struct holders_use *uses, size_t count, seg_each *each, void *user)
{
    struct stat st = {.st_ino = uses->inode};
    struct seg *seg = NULL;
    const char *name = "";
    int err = EACCES;
    bool nameless = false;
    for (size_t i = 0; i < count; i++) {
        nameless |= uses[i].nameless;
        if (!*name)
            name = uses[i].name;
    }
    if (!nameless || !*name)
        return 0;
    for (size_t i = 0; i < count && !seg && err == EACCES; i++) {
        struct stat now;
        if (stat(uses[i].path, &now) || now.st_ino != uses->inode)
            continue; /* not ours to see, or let go of meanwhile */
        st = now;
        seg = seg_peek(uses[i].path, name);
        err = seg ? 0 : errno == ENOENT || errno == EPERM ? EACCES : errno;
    }
    int result = st.st_nlink ? 0 : each(name, &st, seg, err, user);
    seg_close(seg);
    return result;
}

int lost_list(const struct holders *holders, seg_each *each, void *user)
{
    size_t all, count;
    const struct holders_use *uses = holders_all(holders, &all);
    int result = 0;
    for (size_t i = 0; result == 0 && i < all; i += count) {
        for (count = 1; i + count < all && uses[i + count].inode == uses[i].inode;)
            count++;
        result = lost_one(uses + i, count, each, user);
    }
    return result;
}

struct recall {
    const char *name;
    int told;
};

static int recall_one(const char *name, const struct stat *st, struct seg *seg, int err, void *user)
{
    struct recall *r = user;
    (void)st;
    (void)err;
    if (seg && !strcmp(name, r->name) && seg_alive(seg) == 0 && seg_supersede(seg) == 0)
        r->told++;
    return 0;
}

int lost_recall(const char *name)
{
    struct recall r = {.name = name};
    struct holders *holders = holders_look();
    if (!holders)
        return -1;
    lost_list(holders, recall_one, &r);
    holders_free(holders);
    return r.told;
}
