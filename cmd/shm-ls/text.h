/* Text for people, used by the table and in messages. */
#ifndef SHM_LS_TEXT_H
#define SHM_LS_TEXT_H

#include <stdint.h>
#include <sys/types.h>

struct scan_claim;

const char *text_size(uint64_t bytes, char out[16]);   /* "31.2M": at most five characters */
const char *text_user(uid_t uid, char out[40]);        /* a user's name, or the number */
const char *text_role(const struct scan_claim *claim); /* "frames", "frames-reader" … */

#endif
