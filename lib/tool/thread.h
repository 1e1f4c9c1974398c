/* Starts threads that leave the process's signals to the main thread. */
#ifndef SHMCAST_THREAD_H
#define SHMCAST_THREAD_H

#include <pthread.h>

/*
 * As pthread_create, but all signals are blocked in the new thread, and in the threads that it
 * starts, except those of its own faults (a SIGBUS from a stream that was truncated). 0, or -1 with
 * errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
