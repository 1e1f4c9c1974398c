#include "text.h"
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include "claim.h"
#include "scan.h"

const char *text_size(uint64_t bytes, char out[16])
{
    static const char units[] = "BKMGTPE";
    double n = (double)bytes;
    int unit = 0;
    for (; n >= 999.5 && units[unit + 1]; unit++)
        n /= 1024;
    snprintf(out, 16, unit && n < 99.95 ? "%.1f%c" : "%.0f%c", n, units[unit]);
    return out;
}

const char *text_user(uid_t uid, char out[40])
{
    const struct passwd *user = getpwuid(uid);
    if (user)
        snprintf(out, 40, "%s", user->pw_name);
    else
        snprintf(out, 40, "%" PRIu32, (uint32_t)uid);
    return out;
}

const char *text_role(const struct scan_claim *claim)
{
    static const char *const roles[] = {"reader", "frames-reader", "packets-reader",
                                        "events-reader"};
    uint32_t role = claim->info.role;
    if (claim->claim >= SHMFMT_CLAIM_READER && claim->claim < SHMFMT_CLAIM_WRITER)
        return roles[role < sizeof roles / sizeof roles[0] ? role : 0];
    return claim_name(claim->claim);
}
