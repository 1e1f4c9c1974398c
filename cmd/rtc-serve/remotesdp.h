/* webrtcbin's remote description: the offer, written anew from the parts that were checked. */
#ifndef REMOTESDP_H
#define REMOTESDP_H

#include "offer.h"

/* The caller frees it. */
GstSDPMessage *remotesdp_new(const struct offer *offer);

#endif
