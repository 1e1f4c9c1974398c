/* A frame that was sent, for the message about it to viewers. */
#ifndef SENTFRAME_H
#define SENTFRAME_H

#include <stdint.h>

struct sent_frame {
    uint64_t number, event, captured_ns; /* as in struct ring_meta */
    uint32_t rtp;                        /* RTP timestamp */
    uint32_t aspect_num, aspect_den;     /* as in struct ring_meta */
};

#endif
