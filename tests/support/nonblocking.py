"""nonblocking.py COMMAND...

Runs COMMAND with its standard input, output and error on non-blocking pipes: the input pipe is empty at
first, and the other two are full. Passes on all data and the status.
"""
import os
import select
import subprocess
import sys
import threading
import time


def pipe():
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def copy(source, target):
    while True:
        select.select([source], [], [])
        data = os.read(source, 1 << 16)
        if not data:
            return
        while data:
            select.select([], [target], [])
            data = data[os.write(target, data):]


def feed(target):
    time.sleep(0.1)  # so that the command's first read finds nothing
    try:
        copy(0, target)
    except BrokenPipeError:
        pass
    os.close(target)


def fill(target):
    filled = 0
    try:
        while True:
            filled += os.write(target, bytes(4096))
    except BlockingIOError:
        return filled


def drain(source, filled, process, target):
    try:
        process.wait(0.3)  # the command's first write finds no room
    except subprocess.TimeoutExpired:
        pass
    while filled:
        filled -= len(os.read(source, filled))
    copy(source, target)


stdin, stdout, stderr = pipe(), pipe(), pipe()
filled = [fill(ends[1]) for ends in (stdout, stderr)]
command = subprocess.Popen(sys.argv[1:], stdin=stdin[0], stdout=stdout[1], stderr=stderr[1])
for end in stdin[0], stdout[1], stderr[1]:
    os.close(end)
threading.Thread(target=feed, args=[stdin[1]], daemon=True).start()
drains = [
    threading.Thread(target=drain, args=[stdout[0], filled[0], command, 1]),
    threading.Thread(target=drain, args=[stderr[0], filled[1], command, 2]),
]
for thread in drains:
    thread.start()
for thread in drains:
    thread.join()
status = command.wait()
if status < 0:
    os.kill(os.getpid(), -status)
os._exit(status)
