/*
 * The room for one more peer. GLib and GStreamer abort the process when they get no memory, and may
 * when they get no descriptor or no thread, so a peer is refused before that.
 */
#ifndef BUDGET_H
#define BUDGET_H

/* Descriptors that a peer uses at most, which depends on the machine's addresses: each peer opens
 * sockets on all of them. */
unsigned budget_peer_descriptors(void);

/*
 * NULL if the process can get the descriptors and the memory of `peers` more peers and leave
 * `reserved` descriptors to others; otherwise one line: the exhausted resource, and how to raise
 * its limit.
 */
const char *budget_exhausted(unsigned peers, unsigned reserved);

#endif
