/*
 * sdl NAME: a program with SDL's event loop. The viewers' input becomes SDL's own events, so the
 * program has one handler for both; SDL draws straight into the stream's memory. Keys change the
 * colour, the pointer moves a square; q ends it.
 *
 * cc sdl.c $(pkg-config --cflags --libs shmcast sdl2)
 */
#include <SDL.h>
#include <errno.h>
#include <shmcast.h>
#include <stdio.h>

enum { WIDTH = 320, HEIGHT = 240, SIDE = 20 };

struct scene {
    int x, y;    /* of the square, in pixels */
    Uint8 green; /* of the background */
    SDL_bool over;
};

/* One event of a viewer as SDL's. */
static void pass_on(const struct shmcast_event *event)
{
    SDL_Event out = {0};
    if (event->type == SHMCAST_POINTER_MOVE) {
        out.type = SDL_MOUSEMOTION;
        out.motion.x = (int)(event->x * WIDTH);
        out.motion.y = (int)(event->y * HEIGHT);
    } else if (event->type == SHMCAST_KEY_DOWN) {
        out.type = SDL_KEYDOWN;
        out.key.keysym.sym = SDL_GetKeyFromName(event->key);
    } else {
        return;
    }
    SDL_PushEvent(&out);
}

static void handle(struct scene *scene, const SDL_Event *event)
{
    if (event->type == SDL_MOUSEMOTION) {
        scene->x = event->motion.x;
        scene->y = event->motion.y;
    } else if (event->type == SDL_KEYDOWN) {
        scene->green = (Uint8)(scene->green + 50);
        scene->over = event->key.keysym.sym == SDLK_q ? SDL_TRUE : SDL_FALSE;
    } else if (event->type == SDL_QUIT) {
        scene->over = SDL_TRUE;
    }
}

static int draw(shmcast_stream *s, const struct scene *scene)
{
    struct shmcast_image image = {.size = sizeof image};
    if (shmcast_begin(s, SHMCAST_FRAMES, &image))
        return errno == EAGAIN ? 0 : -1;
    SDL_Surface *surface = SDL_CreateRGBSurfaceWithFormatFrom(
        image.data, WIDTH, HEIGHT, 24, (int)image.stride[0], SDL_PIXELFORMAT_RGB24);
    SDL_Rect square = {scene->x - SIDE / 2, scene->y - SIDE / 2, SIDE, SIDE};
    SDL_FillRect(surface, NULL, SDL_MapRGB(surface->format, 60, scene->green, 60));
    SDL_FillRect(surface, &square, SDL_MapRGB(surface->format, 255, 255, 255));
    SDL_FreeSurface(surface);
    return shmcast_publish(s, SHMCAST_FRAMES, &image);
}

int main(int argc, char **argv)
{
    struct shmcast_spec spec = {.size = sizeof spec, .width = WIDTH, .height = HEIGHT};
    struct scene scene = {WIDTH / 2, HEIGHT / 2, 50, SDL_FALSE};
    if (argc != 2 || SDL_Init(SDL_INIT_VIDEO)) {
        fprintf(stderr, argc != 2 ? "usage: sdl NAME\n" : "sdl: %s\n", SDL_GetError());
        return 1;
    }
    shmcast_stream *s = shmcast_create(argv[1], &spec);
    int failed = !s;
    while (!failed && !scene.over) {
        struct shmcast_event events[64];
        SDL_Event event;
        long count = shmcast_events(s, events, sizeof events[0], 64, NULL);
        for (long i = 0; i < count; i++)
            pass_on(&events[i]);
        while (SDL_PollEvent(&event))
            handle(&scene, &event);
        failed = count < 0 || draw(s, &scene) ||
                 shmcast_wait(s, SHMCAST_EVENTS, INT64_C(16000000)) < 0; /* the next frame's time */
    }
    if (failed)
        fprintf(stderr, "sdl: %s: %s\n", argv[1], shmcast_strerror(errno));
    shmcast_close(s);
    SDL_Quit();
    return failed;
}
