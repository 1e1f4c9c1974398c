#!/usr/bin/python3
"""wire.py MILLISECONDS PID ADDRESS PID ADDRESS

Connects the network namespaces of two processes, each with a TUN device of its address, by a wire
with a delay in each direction. Prints "ready". Runs until it is killed.
"""
import collections
import ctypes
import fcntl
import os
import selectors
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def plug(pid, address, peer):
    """A TUN device in the namespace of a process, which this process enters."""
    with open(f"/proc/{pid}/ns/net", "rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"wire%d", IFF_TUN | IFF_NO_PI))
    name = request[:16].split(b"\0")[0].decode()
    subprocess.run(["ip", "address", "add", address, "peer", peer, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up", "txqueuelen", "10000"], check=True)
    return device


def main():
    delay, one, address, other, peer = sys.argv[1:]
    ends = plug(one, address, peer), plug(other, peer, address)
    selector = selectors.DefaultSelector()
    for at in (0, 1):
        selector.register(ends[at], selectors.EVENT_READ, ends[1 - at])
    under_way = collections.deque()
    print("ready", flush=True)
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for key, _ in selector.select(wait):
            under_way.append((time.monotonic() + int(delay) / 1000, key.data, os.read(key.fd, 65536)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, to, packet = under_way.popleft()
            try:
                os.write(to, packet)
            except BlockingIOError:
                pass  # lost, as on any wire


main()
