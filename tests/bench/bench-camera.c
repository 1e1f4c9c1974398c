/*
 * bench-camera.so, to be preloaded into ffmpeg or ustreamer: /dev/video0 is a camera that sends the
 * JPEGs of the file $BENCH_CAMERA, again and again, 30 per second. They lie in its buffers from the
 * start, so the camera itself costs nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BUFFERS = 32, WIDTH = 1920, HEIGHT = 1080, RATE = 30, SPACE = 1 << 20 };

static struct {
    int fd; /* a timer; 0: not open */
    char *file;
    size_t bytes;
    struct {
        size_t at, bytes;
    } jpegs[BUFFERS];
    unsigned jpeg_count, count; /* the buffers that are used */
    bool queued[BUFFERS];
    unsigned next, sequence;
} camera;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench-camera: %s: %s\n", what, strerror(errno));
    _exit(1);
}

/* Finds the JPEGs of the file. */
static void load(void)
{
    const char *path = getenv("BENCH_CAMERA");
    struct stat info;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &info))
        die("BENCH_CAMERA");
    camera.bytes = (size_t)info.st_size;
    camera.file = mmap(NULL, camera.bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (camera.file == MAP_FAILED)
        die(path);
    for (size_t at = 0; at < camera.bytes && camera.jpeg_count < BUFFERS;) {
        const char *end = memmem(camera.file + at, camera.bytes - at, "\xff\xd9", 2);
        size_t bytes = end ? (size_t)(end + 2 - camera.file) - at : 0;
        if (!end || bytes > SPACE)
            break;
        camera.jpegs[camera.jpeg_count].at = at;
        camera.jpegs[camera.jpeg_count++].bytes = bytes;
        at += bytes;
    }
    errno = EINVAL;
    if (!camera.jpeg_count)
        die(path);
}

static int open_camera(int flags)
{
    const struct itimerspec period = {{0, 1000000000 / RATE}, {0, 1000000000 / RATE}};
    load();
    camera.fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | (flags & O_NONBLOCK ? TFD_NONBLOCK : 0));
    if (camera.fd < 0 || timerfd_settime(camera.fd, 0, &period, NULL))
        die("timer");
    return camera.fd;
}

static int get_buffer(struct v4l2_buffer *buffer)
{
    if (buffer->index >= camera.count)
        return EINVAL;
    buffer->length = SPACE;
    buffer->m.offset = buffer->index * SPACE;
    return 0;
}

/* The next buffer with its JPEG, when it is time. */
static int dequeue(struct v4l2_buffer *buffer)
{
    uint64_t periods;
    if (read(camera.fd, &periods, sizeof periods) < 0)
        return errno;
    for (unsigned i = 0; i < camera.count; i++) {
        unsigned at = (camera.next + i) % camera.count;
        if (!camera.queued[at])
            continue;
        camera.queued[at] = false;
        camera.next = at + 1;
        buffer->index = at;
        get_buffer(buffer);
        buffer->bytesused = (uint32_t)camera.jpegs[at % camera.jpeg_count].bytes;
        buffer->sequence = camera.sequence++;
        buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        gettimeofday(&buffer->timestamp, NULL);
        return 0;
    }
    return EAGAIN; /* all are in use */
}

static int request(struct v4l2_requestbuffers *request)
{
    camera.count = request->count < BUFFERS ? request->count : BUFFERS;
    request->count = camera.count;
    return request->memory == V4L2_MEMORY_MMAP ? 0 : EINVAL;
}

/* 0 or the errno. */
static int control(unsigned long what, void *arg)
{
    struct v4l2_capability *capability = arg;
    struct v4l2_format *format = arg;
    struct v4l2_streamparm *rate = arg;
    struct v4l2_buffer *buffer = arg;
    switch ((uint32_t)what) { /* some pass an int */
    case VIDIOC_QUERYCAP:
        memset(capability, 0, sizeof *capability);
        strcpy((char *)capability->driver, "bench");
        strcpy((char *)capability->card, "bench");
        capability->capabilities = capability->device_caps =
            V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_S_FMT:
    case VIDIOC_G_FMT:
        format->fmt.pix.width = WIDTH;
        format->fmt.pix.height = HEIGHT;
        format->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
        format->fmt.pix.field = V4L2_FIELD_NONE;
        format->fmt.pix.bytesperline = 0;
        format->fmt.pix.sizeimage = SPACE;
        return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
        rate->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        rate->parm.capture.timeperframe = (struct v4l2_fract){1, RATE};
        return 0;
    case VIDIOC_REQBUFS:
        return request(arg);
    case VIDIOC_QUERYBUF:
        return get_buffer(buffer);
    case VIDIOC_QBUF:
        if (buffer->index >= camera.count)
            return EINVAL;
        camera.queued[buffer->index] = true;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(buffer);
    case VIDIOC_G_INPUT:
        *(int *)arg = 0;
        return 0;
    case VIDIOC_ENUMINPUT:
        memset(arg, 0, sizeof(struct v4l2_input));
        return 0;
    case VIDIOC_S_INPUT:
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF:
        return 0;
    default:
        return EINVAL;
    }
}

/* --- the functions that are replaced --- */

static bool is_camera(const char *path)
{
    return strcmp(path, "/dev/video0") == 0;
}

int access(const char *path, int mode)
{
    return is_camera(path) ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

int open(const char *path, int flags, ...)
{
    static int (*next)(const char *path, int flags, ...);
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (is_camera(path))
        return open_camera(flags);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "open");
    return next(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int ioctl(int fd, unsigned long what, ...)
{
    static int (*next)(int fd, unsigned long what, ...);
    va_list args;
    va_start(args, what);
    void *arg = va_arg(args, void *);
    va_end(args);
    if (camera.fd && fd == camera.fd) {
        int err = control(what, arg);
        errno = err ? err : errno;
        return err ? -1 : 0;
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "ioctl");
    return next(fd, what, arg);
}

/* A buffer is a copy of its JPEG. */
void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    static void *(*next)(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "mmap");
    if (!camera.fd || fd != camera.fd)
        return next(at, bytes, protection, flags, fd, offset);
    char *made = next(NULL, SPACE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t i = (size_t)offset / SPACE % camera.jpeg_count;
    if (made != MAP_FAILED)
        memcpy(made, camera.file + camera.jpegs[i].at, camera.jpegs[i].bytes);
    return made;
}

void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap")));
