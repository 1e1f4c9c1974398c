/* Shared by the bench-* programs: exit with a message, percentiles. */
#ifndef SHMCAST_BENCH_H
#define SHMCAST_BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "futex.h"
#include "monotonic.h"

/* Exits 1 with a message. */
_Noreturn static inline void bench_die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

static inline void *bench_alloc(size_t bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!memory)
        bench_die("memory");
    return memory;
}

static inline long bench_number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    errno = EINVAL;
    if (*end || n < 0)
        bench_die(text);
    return n;
}

/* Reads stdin to its end. */
static inline uint8_t *bench_input(size_t *bytes)
{
    size_t room = 1 << 16;
    uint8_t *data = malloc(room);
    for (*bytes = 0; data;) {
        size_t n = fread(data + *bytes, 1, room - *bytes, stdin);
        *bytes += n;
        if (!n && *bytes)
            return data;
        errno = ENODATA;
        if (!n)
            bench_die("standard input");
        if (*bytes == room)
            data = realloc(data, room *= 2);
    }
    bench_die("memory");
}

/* Processor time of this process in ns. */
static inline uint64_t bench_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void bench_pause(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    nanosleep(&t, NULL);
}

static inline void bench_spin(uint64_t ns)
{
    for (uint64_t end = monotonic_ns() + ns; monotonic_ns() < end;)
        continue;
}

/* The pause between two measured wake-ups: long enough for the woken thread to sleep again, and
 * busy, so that no processor falls into a deeper sleep than in ping-pong. */
static inline void bench_gap(void)
{
    bench_spin(50000);
}

static inline int bench_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Prints the 50th and the 99th percentile of count times in ns, as µs. */
static inline void bench_percentiles(int64_t *ns, size_t count)
{
    qsort(ns, count, sizeof *ns, bench_order);
    printf("%.2f %.2f\n", (double)ns[count / 2] / 1000, (double)ns[count * 99 / 100] / 1000);
}

#endif
