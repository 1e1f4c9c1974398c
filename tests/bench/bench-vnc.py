#!/usr/bin/python3
"""Viewers of a VNC server on this machine (RFC 6143), which ask for what noVNC asks for: Tight with JPEG of
quality level 6, each next update as soon as the last one has arrived whole. They decode nothing.

bench-vnc.py PORT COUNT

Prints "ready" once every viewer has an update, and then, for each line on stdin, the total number of bytes
received and the time in ns. Ends at the end of stdin. Exit: 0; 1 an exception.
"""
import socket
import struct
import sys
import threading
import time

COPY, RAW, TIGHT, QUALITY, COMPRESSION, LAST = 1, 0, 7, -32 + 6, -256 + 2, -224


class Viewer(threading.Thread):
    def __init__(self, port):
        super().__init__(daemon=True)
        self.got, self.updates = 0, 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.take(12)
        self.socket.sendall(b"RFB 003.008\n")
        self.take(self.take(1)[0])
        self.socket.sendall(b"\x01")  # no authentication
        (failed,) = struct.unpack(">I", self.take(4))
        assert not failed
        self.socket.sendall(b"\x01")  # shared
        *self.size, name = struct.unpack(">HH16xI", self.take(24))
        self.take(name)
        pixel = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        encodings = COPY, TIGHT, RAW, QUALITY, COMPRESSION, LAST
        self.socket.sendall(b"\0\0\0\0" + pixel +
                            struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))

    def take(self, count):
        data = self.stream.read(count)
        if len(data) < count:
            sys.exit("the connection has ended")
        self.got += count
        return data

    def take_compact(self):
        """A length of one to three bytes, and bytes of that length."""
        length = 0
        for shift in 0, 7, 14:
            (byte,) = self.take(1)
            length |= (byte & (127 if shift < 14 else 255)) << shift
            if byte < 128:
                break
        self.take(length)

    def take_tight(self, width, height):
        kind, size = self.take(1)[0] >> 4, width * height * 3
        if kind == 8:  # one colour
            self.take(3)
        elif kind == 9:  # JPEG
            self.take_compact()
        else:
            if kind & 4 and self.take(1) == b"\x01":  # a palette
                colours = self.take(1)[0] + 1
                self.take(3 * colours)
                size = (width + 7) // 8 * height if colours == 2 else width * height
            if size < 12:
                self.take(size)
            else:
                self.take_compact()

    def take_update(self):
        (count,) = struct.unpack(">xH", self.take(3))
        for _ in range(count):
            _, _, width, height, encoding = struct.unpack(">4Hi", self.take(12))
            if encoding == LAST:
                break
            if encoding == TIGHT:
                self.take_tight(width, height)
            else:
                self.take(4 if encoding == COPY else width * height * 4)

    def run(self):
        while True:
            self.socket.sendall(struct.pack(">BBHHHH", 3, bool(self.updates), 0, 0, *self.size))
            while (kind := self.take(1)[0]) != 0:
                if kind == 3:  # text that was cut
                    self.take(struct.unpack(">3xI", self.take(7))[0])
                elif kind != 2:  # a bell
                    sys.exit(f"a message of type {kind}")
            self.take_update()
            self.updates += 1


def main():
    viewers = [Viewer(int(sys.argv[1])) for _ in range(int(sys.argv[2]))]
    for viewer in viewers:
        viewer.start()
    while not all(v.updates for v in viewers):
        time.sleep(0.02)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(sum(v.got for v in viewers), time.monotonic_ns(), flush=True)


main()
