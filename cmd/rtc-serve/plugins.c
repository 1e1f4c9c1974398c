#include "plugins.h"
#include "tool/thread.h"
#include <gst/gst.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The elements in use, with their Debian packages. */
static const struct {
    const char *element, *package, *codec;
} needed[] = {
    {"vp8enc", "gstreamer1.0-plugins-good", "vp8"},
    {"rtpvp8pay", "gstreamer1.0-plugins-good", "vp8"},
    {"openh264enc", "gstreamer1.0-plugins-bad", "h264"},
    {"rtph264pay", "gstreamer1.0-plugins-good", "h264"},
};

static void *start_gstreamer(void *done)
{
    *(bool *)done = gst_init_check(NULL, NULL, NULL);
    return NULL;
}

/* GStreamer starts threads that inherit the signal mask: run it on a thread that blocks signals. */
static bool gstreamer_ready(void)
{
    static bool tried, done;
    pthread_t thread;
    if (!tried && thread_start(&thread, start_gstreamer, &done) == 0)
        pthread_join(thread, NULL);
    tried = true;
    return done;
}

/* Appends a word to a list in a string, unless the list has it. */
static void add_word(char *list, size_t room, const char *word)
{
    size_t used = strlen(list);
    if (!strstr(list, word))
        snprintf(list + used, room - used, " %s", word);
}

const char *plugins_missing(const char *codec)
{
    static char line[640];
    char elements[256] = "", packages[256] = "";
    if (!gstreamer_ready())
        return "GStreamer does not start";
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (needed[i].codec && strcmp(needed[i].codec, codec))
            continue;
        GstElementFactory *factory = gst_element_factory_find(needed[i].element);
        if (factory) {
            gst_object_unref(factory);
            continue;
        }
        add_word(elements, sizeof elements, needed[i].element);
        add_word(packages, sizeof packages, needed[i].package);
    }
    if (!*elements)
        return NULL;
    snprintf(line, sizeof line, "GStreamer has no%s; apt-get install%s", elements, packages);
    return line;
}

void plugins_preload(const char *codec)
{
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        GstElement *element = NULL;
        if (!needed[i].codec || !strcmp(needed[i].codec, codec))
            element = gst_element_factory_make(needed[i].element, NULL);
        if (element)
            gst_object_unref(gst_object_ref_sink(element));
    }
}
