/* The same packets as plain RTP to one place, such as an SFU. RTCP goes to the port after it, and
 * is taken from there: its wishes for keyframes, and what it says of the way. */
#ifndef RTPOUT_H
#define RTPOUT_H

struct pipeline;
struct rtpout;

/* NULL with errno: EADDRNOTAVAIL no such host, or socket's errno. */
struct rtpout *rtpout_new(struct pipeline *media, const char *codec, const char *host, int port);
void rtpout_free(struct rtpout *out); /* NULL is allowed */

#endif
