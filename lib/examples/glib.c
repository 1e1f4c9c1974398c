/*
 * glib NAME: a program with GLib's main loop, as those of GTK and GStreamer are: its stream wakes
 * the loop, without a thread and without a timer. Draws a bar as high as the pointer is.
 *
 * cc glib.c $(pkg-config --cflags --libs shmcast glib-2.0)
 */
#include <errno.h>
#include <glib-unix.h>
#include <shmcast.h>
#include <string.h>

enum { WIDTH = 320, HEIGHT = 240 };

struct app {
    GMainLoop *loop;
    shmcast_stream *stream;
    float y; /* of the pointer */
};

static void draw(struct app *app)
{
    struct shmcast_image image = {.size = sizeof image};
    if (shmcast_begin(app->stream, SHMCAST_FRAMES, &image))
        return;
    size_t above = (size_t)(app->y * HEIGHT) * image.stride[0];
    memset(image.data, 0, above);
    memset((char *)image.data + above, 200, image.bytes - above);
    shmcast_publish(app->stream, SHMCAST_FRAMES, &image);
}

/* Arms the descriptor first, then looks for news, so that later news wakes the loop again. */
static gboolean on_news(gint fd, GIOCondition condition, gpointer user)
{
    struct app *app = user;
    struct shmcast_event events[64];
    long count = shmcast_arm(app->stream, SHMCAST_EVENTS);
    (void)fd;
    (void)condition;
    if (count == 0)
        while ((count = shmcast_events(app->stream, events, sizeof events[0], 64, NULL)) > 0)
            for (long i = 0; i < count; i++)
                if (events[i].type == SHMCAST_POINTER_MOVE)
                    app->y = CLAMP(events[i].y, 0.0f, 1.0f);
    if (count < 0) {
        g_printerr("glib: %s: %s\n", shmcast_name(app->stream), shmcast_strerror(errno));
        g_main_loop_quit(app->loop);
        return G_SOURCE_REMOVE;
    }
    draw(app);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    struct shmcast_spec spec = {
        .size = sizeof spec, .width = WIDTH, .height = HEIGHT, .format = SHMCAST_GRAY8};
    struct app app = {.y = 0.5f};
    app.stream = argc == 2 ? shmcast_create(argv[1], &spec) : NULL;
    if (!app.stream) {
        g_printerr(argc == 2 ? "glib: %s: %s\n" : "usage: glib NAME\n", argv[1],
                   shmcast_strerror(errno));
        return 1;
    }
    app.loop = g_main_loop_new(NULL, FALSE);
    g_unix_fd_add(shmcast_fd(app.stream), G_IO_IN, on_news, &app);
    on_news(-1, 0, &app); /* arms it for the first time, and draws */
    g_main_loop_run(app.loop);
    g_main_loop_unref(app.loop);
    shmcast_close(app.stream);
    return 1;
}
