/* A node as the layout sees it. */
#ifndef NET_LAYOUT_BODY_H
#define NET_LAYOUT_BODY_H

struct body {
    float x, y, z, mass; /* z is 0 in a flat layout */
};

#endif
