/*
 * egl NAME: OpenGL ES without a window, drawn into a new stream of that name: a square that the
 * viewers move with the pointer.
 *
 * cc egl.c $(pkg-config --cflags --libs shmcast egl glesv2)
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <errno.h>
#include <shmcast.h>
#include <stdio.h>

enum { WIDTH = 320, HEIGHT = 240, SIDE = 20 };

/* An OpenGL context with a framebuffer of WIDTH x HEIGHT. 0 or -1. */
static int open_gl(void)
{
    static const EGLint attributes[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE,
                                        EGL_OPENGL_ES2_BIT, EGL_NONE};
    static const EGLint version[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};
    EGLDisplay display =
        eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
    EGLConfig config;
    EGLint count = 0;
    if (!eglInitialize(display, NULL, NULL) || !eglBindAPI(EGL_OPENGL_ES_API) ||
        !eglChooseConfig(display, attributes, &config, 1, &count) || !count)
        return -1;
    EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, version);
    if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
        return -1;
    GLuint framebuffer, texture;
    glGenFramebuffers(1, &framebuffer);
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, WIDTH, HEIGHT, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    return glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE ? 0 : -1;
}

/* Draws the square at x, y, as in an event: 0 … 1 from the left and top edge. */
static void draw(float x, float y)
{
    glDisable(GL_SCISSOR_TEST);
    glClearColor(0, 0, 0.4f, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    glEnable(GL_SCISSOR_TEST);
    glScissor((int)(x * WIDTH) - SIDE / 2, (int)((1 - y) * HEIGHT) - SIDE / 2, SIDE, SIDE);
    glClearColor(1, 1, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);
}

/* OpenGL writes the pixels into the stream's memory, the lowest row first. */
static int show(shmcast_stream *s)
{
    struct shmcast_image image = {.size = sizeof image, .flags = SHMCAST_BOTTOM_UP};
    if (shmcast_begin(s, SHMCAST_FRAMES, &image))
        return errno == EAGAIN ? 0 : -1; /* every slot is in use: this frame is left out */
    glReadPixels(0, 0, WIDTH, HEIGHT, GL_RGBA, GL_UNSIGNED_BYTE, image.data);
    return shmcast_publish(s, SHMCAST_FRAMES, &image);
}

int main(int argc, char **argv)
{
    struct shmcast_spec spec = {
        .size = sizeof spec, .width = WIDTH, .height = HEIGHT, .format = SHMCAST_RGBA};
    float x = 0.5f, y = 0.5f;
    if (argc != 2 || open_gl()) {
        fprintf(stderr, argc != 2 ? "usage: egl NAME\n" : "egl: no OpenGL ES without a window\n");
        return 1;
    }
    shmcast_stream *s = shmcast_create(argv[1], &spec);
    do {
        struct shmcast_event events[64];
        long count;
        while (s && (count = shmcast_events(s, events, sizeof events[0], 64, NULL)) > 0)
            for (long i = 0; i < count; i++)
                if (events[i].type == SHMCAST_POINTER_MOVE) {
                    x = events[i].x;
                    y = events[i].y;
                }
        draw(x, y);
    } while (s && show(s) == 0 && shmcast_wait(s, SHMCAST_EVENTS, -1) > 0);
    fprintf(stderr, "egl: %s: %s\n", argv[1], shmcast_strerror(errno));
    shmcast_close(s);
    return 1;
}
