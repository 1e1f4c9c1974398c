#!/usr/bin/python3
"""bench-python.py copy|stream WxH COUNT: frames per processor second, copied from numpy by numpy.copyto to four
buffers of shared memory in turn, or to a stream's slots and published.
bench-python.py events COUNT: the median and the 99th percentile in µs from the injection of an event until events() of
another process returns it."""
import mmap
import os
import sys
import time

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib/python"))
import shmcast  # noqa: E402


def frames(how, size, count):
    source = numpy.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), numpy.uint8)
    buffers = [numpy.frombuffer(mmap.mmap(-1, source.size), numpy.uint8).reshape(source.shape) for _ in range(4)]
    with shmcast.Stream(size=size) as stream:
        for measured in False, True:  # the first round touches all memory
            start = time.process_time()
            for i in range(count if measured else 8):
                frame = stream.frame() if how == "stream" else buffers[i % 4]
                numpy.copyto(frame, source)
                if how == "stream":
                    stream.publish()
        print(count / (time.process_time() - start))


def events(count):
    seen = numpy.frombuffer(mmap.mmap(-1, 8), numpy.int64)
    with shmcast.Stream(size=(16, 16)) as stream:
        child = os.fork()
        if child == 0:
            writer = shmcast.Stream(stream.name)
            for i in range(count + 50):
                while seen[0] < i:
                    pass
                time.sleep(0.00002)  # until the reader sleeps
                writer.send({"type": "key_down", "key": "a"})
            os._exit(0)
        delays = []
        while len(delays) < count + 50:
            for event in stream.events(timeout=10):
                delays.append(time.monotonic() - event["timestamp"])
                seen[0] += 1
        os.waitpid(child, 0)
    delays = sorted(delays[50:])
    print(delays[len(delays) // 2] * 1e6, delays[len(delays) * 99 // 100] * 1e6)


if sys.argv[1] == "events":
    events(int(sys.argv[2]))
else:
    frames(sys.argv[1], tuple(map(int, sys.argv[2].split("x"))), int(sys.argv[3]))
