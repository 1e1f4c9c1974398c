#include "net/netevents.h"
#include "eventtable.h"

enum { KEY_NODE = KEY_EXTENSION, KEY_NODE_X, KEY_NODE_Y, KEY_NODE_Z, KEY_ON, KEY_NAME, KEY_END };

_Static_assert((int)KEY_END == (int)KEY_VIEWER &&
                   (int)EVENT_NODE_FIND + 1 == (int)EVENT_EXTENSION_END,
               "eventtable.h reserves as many keys, events.h as many types");

#define ROW(key)   [-KEY_EXTENSION + (key)]
#define TYPE(type) [-EVENT_EXTENSION + (type)]

const struct event_key event_extension_keys[KEY_VIEWER - KEY_EXTENSION] = {
    ROW(KEY_NODE) = {"node", KEY_COUNT, offsetof(struct event, node), 0, UINT32_MAX, 0,
                     "0..4294967295", "row of the node in the positions, from 0"},
    ROW(KEY_NODE_X) = {"x", KEY_REAL, offsetof(struct event, x), -1e9, 1e9, 0, "+-1000000000",
                       "of the node, in the units of the positions"},
    ROW(KEY_NODE_Y) = {"y", KEY_REAL, offsetof(struct event, y), -1e9, 1e9, 0, "+-1000000000",
                       "of the node, in the units of the positions"},
    ROW(KEY_NODE_Z) = {"z", KEY_REAL, offsetof(struct event, z), -1e9, 1e9, 0, "+-1000000000",
                       "of the node, in three dimensions"},
    ROW(KEY_ON) = {"on", KEY_COUNT, offsetof(struct event, on), 0, 1, 0, "0..1",
                   "1 pauses the layout, 0 resumes it"},
    ROW(KEY_NAME) = {"name", KEY_TEXT, offsetof(struct event, key), 1, EVENT_NAME_MAX, 0,
                     "1..28 bytes", "name of a node, UTF-8; longer names are cut"},
};

const struct event_row event_extension_types[EVENT_EXTENSION_END - EVENT_EXTENSION] = {
    TYPE(EVENT_NODE_DRAG) = {"node_drag",
                             KEY_BIT(KEY_NODE) | KEY_BIT(KEY_NODE_X) | KEY_BIT(KEY_NODE_Y), 0,
                             KEY_BIT(KEY_NODE_Z) | KEY_BITS_ALL, PAYLOAD_NODE},
    TYPE(EVENT_NODE_DROP) = {"node_drop", KEY_BIT(KEY_NODE), 0, KEY_BITS_ALL, PAYLOAD_NODE},
    TYPE(EVENT_LAYOUT_PAUSE) = {"layout_pause", KEY_BIT(KEY_ON), 0, KEY_BITS_ALL, PAYLOAD_ON},
    TYPE(EVENT_NODE_SELECT) = {"node_select", KEY_BIT(KEY_NODE) | KEY_BIT(KEY_NAME), 0,
                               KEY_BITS_ALL, PAYLOAD_NAMED},
    TYPE(EVENT_NODE_CLEAR) = {"node_clear", 0, 0, KEY_BITS_ALL, PAYLOAD_NAMED},
    TYPE(EVENT_NODE_FIND) = {"node_find", KEY_BIT(KEY_NAME), 0, KEY_BITS_ALL, PAYLOAD_NAMED},
};
