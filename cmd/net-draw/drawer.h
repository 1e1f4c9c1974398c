/* The main loop of net-draw: from the network and the viewers' events to images. */
#ifndef NET_DRAW_DRAWER_H
#define NET_DRAW_DRAWER_H

#include <stdbool.h>
#include <stdint.h>
#include "interaction.h"
#include "netreader.h"
#include "renderer.h"
#include "scene.h"
#include "tool/ratelimit.h"
#include "view.h"

struct drawer {
    struct netreader reader;
    struct scene scene;
    struct interaction interaction;
    struct renderer renderer;
    struct view view;
    struct ratelimit limit;
    bool verbose;

    bool dirty;              /* the image is outdated */
    bool input;              /* by events of the viewers */
    bool moving;             /* nodes or camera are in motion */
    bool sending;            /* events for the layout are pending: another writer holds the lock */
    bool full;               /* the next image has all edges, however long that takes */
    uint64_t step_ns;        /* time of the last step of the camera; 0: at rest */
    uint64_t input_until_ns; /* until then only input starts an image */

    uint64_t report_ns, draw_ns; /* last report; drawing time since then */
    unsigned images;             /* since the last report */
};

/* Draws until the view is removed or a stop signal arrives. The caller has opened reader, renderer
 * and view. Returns the exit code, after a message if it isn't 0. */
int drawer_run(struct drawer *drawer);

#endif
