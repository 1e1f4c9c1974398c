#!/usr/bin/python3
"""Attacks on a running ws-serve, each bounded in count and in time.

ws-attack.py ATTACK [--pid PID] [--count N] http[s]://HOST:PORT/NAME/

Prints actions and results. --pid is the server's: its descriptors and, except under a sanitizer
(--no-memory), its memory must return to their initial values.
Exit: 0 the server behaved correctly; 1 it did not, with a message; 2 usage.
"""
import argparse
import os
import random
import re
import select
import socket
import ssl
import struct
import sys
import time
from urllib.parse import urlsplit

PATIENCE = 100
PIECE = 1 << 16


class Wrong(Exception):
    pass


def wait(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Wrong(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def frame(opcode, payload=b"", fin=True, announced=None):
    size = len(payload) if announced is None else announced
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack(">H", size)
    else:
        head += b"\xff" + struct.pack(">Q", size)
    return head + b"\0\0\0\0" + payload


class Target:
    def __init__(self, options):
        url = urlsplit(options.url)
        self.address = (url.hostname, url.port)
        self.host = b"Host: " + url.netloc.encode() + b"\r\n"
        self.folder = url.path.encode()
        self.tls = ssl._create_unverified_context() if url.scheme == "https" else None
        self.pid = options.pid
        self.memory_counts = not options.no_memory
        self.handshake = (
            b"GET " + self.folder + b"ws HTTP/1.1\r\n" + self.host + b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.get = b"GET " + self.folder + b"stats HTTP/1.1\r\n" + self.host

    def connect(self, tls=True):
        s = socket.create_connection(self.address, timeout=PATIENCE)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.tls.wrap_socket(s) if tls and self.tls else s

    def viewer(self):
        """A socket with an open WebSocket; data after the answer is discarded."""
        s = self.connect()
        s.sendall(self.handshake)
        head = b""
        while b"\r\n\r\n" not in head:
            more = s.recv(PIECE)
            if not more:
                raise Wrong(f"no handshake: {head[:60]!r}")
            head += more
        if not head.startswith(b"HTTP/1.1 101"):
            raise Wrong(f"no handshake: {head[:60]!r}")
        return s

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        """In KiB."""
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])

    def served(self):
        """Checks that a new connection is answered."""
        s = self.connect()
        s.sendall(self.get + b"Connection: close\r\n\r\n")
        if not s.recv(PIECE).startswith(b"HTTP/1.1 200"):
            raise Wrong("a new connection isn't served")
        s.close()

    def viewers(self):
        """Without the one of the bats test."""
        s = self.connect()
        s.sendall(self.get + b"Connection: close\r\n\r\n")
        data = b""
        while more := s.recv(PIECE):
            data += more
        s.close()
        return int(re.search(rb'"viewers":(\d+)', data)[1]) - 1

    def measure(self):
        self.served()
        wait("earlier connections are closed", PATIENCE, lambda: self.settled())
        self.before = self.descriptors(), self.memory()

    def settled(self):
        now = self.descriptors()
        time.sleep(0.2)
        return self.descriptors() == now

    def back(self, growth):
        """Checks that no descriptor leaked, and that memory has grown by at most growth KiB."""
        wait("descriptors are closed", PATIENCE, lambda: self.descriptors() <= self.before[0])
        grown = self.memory() - self.before[1]
        print(f"descriptors {self.before[0]} → {self.descriptors()}, memory + {grown} KiB")
        if self.memory_counts and grown > growth:
            raise Wrong(f"memory has grown by {grown} KiB, {growth} are allowed")


def send_some(s, data):
    """Sends as much as possible now. False: the other side has closed."""
    s.settimeout(0)
    try:
        s.send(data)
    except BlockingIOError:
        pass
    except OSError:
        return False
    return True


def gone(s):
    """Reads all available data. True: the other side has closed."""
    s.settimeout(0)
    try:
        while True:
            if not s.recv(PIECE):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


# ---- the attacks ----


def slowloris(t, count):
    """Requests sent byte by byte: all are cut off, whatever they send, and others are served."""
    drips = [
        (b"", b""),
        (t.get, b"X-Drip: x\r\n"),
        (t.get + b"X-Drip: ", b"x"),
        (t.get[:8], b"x"),
        (b"GET /", b"x"),
        (b"POST / HTTP/1.1\r\n" + t.host + b"Content-Length: 1000000\r\n\r\n", b"x"),
        (t.get + b"\r\n" + t.get, b"X-Drip: x\r\n"),  # the second request
        (t.handshake[:-2], b"X-Drip: x\r\n"),
    ]
    t.measure()
    begun = time.monotonic()
    alive = {}
    for n in range(count):
        start, drip = drips[n % len(drips)]
        s = t.connect()
        send_some(s, start)
        alive[s] = drip
    last, viewers = begun, 0
    while alive:
        if time.monotonic() - begun > 300:
            raise Wrong(f"{len(alive)} of {count} are still open after 5 minutes")
        for s in [s for s, drip in alive.items() if gone(s) or (drip and not send_some(s, drip))]:
            del alive[s]
            s.close()
        if time.monotonic() - last > 1:
            last = time.monotonic()
            viewers += 1
            t.viewer().close()
            t.served()
        time.sleep(0.1)
    print(f"all {count} cut off within {time.monotonic() - begun:.1f} s; {viewers} viewers joined")
    t.back(4096)


def halfframes(t, count):
    """Messages of 60 KB that are announced, or begun, and never end: memory is bounded and freed."""
    t.measure()
    viewers = []
    for n in range(count):
        s = t.viewer()
        if n % 2:
            s.sendall(frame(1, b" " * 60000, announced=61440))
        else:
            s.sendall(frame(1, b" " * 60000, fin=False))
        viewers.append(s)
    s = t.viewer()  # once it is answered, the server has read all of the above, except data in flight
    s.sendall(frame(9, b"done"))
    wait("the server has read it", PATIENCE, lambda: all(unsent(x) == 0 for x in viewers))
    t.served()
    grown = t.memory() - t.before[1]
    # 64 KiB for a message, and the rest of a viewer.
    print(f"{count} unfinished messages: {grown / count:.1f} KiB each")
    if t.memory_counts and grown > count * (64 + 48):
        raise Wrong(f"{grown} KiB for {count}")
    for s in viewers + [s]:
        s.close()
    t.back(count * (64 + 48))


def unsent(s):
    import fcntl

    return struct.unpack("i", fcntl.ioctl(s, 0x5411, b"\0\0\0\0"))[0]  # SIOCOUTQ


def connects(t, count):
    """Rapid connections that end at once: closed, reset, or with a WebSocket just opened."""
    t.measure()
    reset = struct.pack("ii", 1, 0)
    begun = time.monotonic()
    for n in range(count):
        s = t.connect()
        kind = n % 5
        if kind >= 3:
            s.sendall(t.handshake)
        if kind == 4:
            s.recv(16)
        if kind in (1, 2, 3, 4) and n % 3:  # otherwise all ports of this machine would be in TIME_WAIT
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        s.close()
    print(f"{count} connections in {time.monotonic() - begun:.1f} s")
    t.served()
    t.back(8192)


def stalled(t, count):
    """Viewers that read nothing are cut off, over MJPEG and WebSocket; a slow one stays."""
    t.measure()
    mjpeg = b"GET " + t.folder + b"stream.mjpg HTTP/1.1\r\n" + t.host + b"\r\n"

    def viewer(request):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(PATIENCE)
        s.connect(t.address)
        s.sendall(request)
        if not s.recv(12).startswith(b"HTTP/1.1 "):
            raise Wrong("no viewer")
        return s

    slow = viewer(mjpeg)
    stopped = [viewer(request) for request in (mjpeg, t.handshake) for _ in range(count)]
    wait("all are viewers", PATIENCE, lambda: t.viewers() == 1 + len(stopped))
    begun = time.monotonic()
    slow.settimeout(0)
    while t.viewers() > 1:
        if time.monotonic() - begun > 2 * PATIENCE:
            raise Wrong(f"{t.viewers() - 1} of {len(stopped)} are still viewers")
        try:
            if slow.recv(2000) == b"":
                raise Wrong("the slow viewer was cut off")
        except BlockingIOError:
            pass
        time.sleep(0.5)
    print(f"all {len(stopped)} cut off within {time.monotonic() - begun:.1f} s; the slow one stays")
    for s in [slow] + stopped:
        s.close()
    t.back(8192)


def pings(t, count):
    """A viewer that sends pings and never reads: the server keeps no backlog for it."""
    t.measure()
    s = t.viewer()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    block = (frame(9, b"p" * 125) + frame(1, b'{"type":"ping","t":1}')) * 100
    sent = 0
    end = time.monotonic() + PATIENCE
    while sent < count and time.monotonic() < end:
        if not select.select([], [s], [], 2)[1]:
            break  # the server has stopped reading
        try:
            s.sendall(block)
        except OSError:
            break  # or has closed the connection
        sent += 200
    grown = t.memory() - t.before[1]
    print(f"{sent} pings, memory + {grown} KiB while they came")
    if t.memory_counts and grown > 4096:
        raise Wrong(f"memory has grown by {grown} KiB")
    t.served()
    s.close()
    t.back(4096)


def flood(t, count):
    """Messages of 64 events each, as many as there is time for."""
    t.measure()
    s = t.viewer()
    move = b'{"type":"pointer_move","x":0.5,"y":0.5}'
    message = frame(1, b"[" + b",".join([move] * 64) + b"]")
    for _ in range(count):
        s.sendall(message)
    s.sendall(frame(1, b'{"type":"ping","t":77}'))
    data, end = b"", time.monotonic() + PATIENCE
    while b'"t":77' not in data:
        more = s.recv(PIECE)
        if not more or time.monotonic() > end:
            raise Wrong("no answer after the flood")
        data = data[-100:] + more
    print(f"{count} messages of 64 events; the connection lives")
    s.close()
    t.back(4096)


def waits(t, count):
    """The bats test keeps the event log locked: only a viewer with many events is paused."""
    move = b'{"type":"pointer_move","x":0.5,"y":0.5}'
    for pad in (0, 100, 500, 1500, 3000, 8000, 20000)[:count]:
        message = frame(1, b"[" + b",".join([move] * 64) + b"]" + b" " * pad)
        s = t.viewer()
        s.settimeout(1)
        try:
            s.sendall(message * (1600000 // len(message)))
        except OSError:
            pass  # the server has stopped reading
        t.served()
        s.close()
        print(f"messages of {len(message)} bytes: others are served")


def records(t, count):
    """Random bytes instead of TLS handshakes, of the printed seed."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}", flush=True)
    r = random.Random(seed)
    t.measure()
    out = ssl.MemoryBIO()
    client = t.tls.wrap_bio(ssl.MemoryBIO(), out)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        hello = out.read()
    for n in range(count):
        data = bytearray(hello)
        for _ in range(r.randrange(0, 6)):
            data[r.randrange(len(data))] = r.randrange(256)
        data = data[: r.choice([1, 5, 6, 50, len(data), len(data)])] + r.randbytes(r.choice([0, 9, 900]))
        s = t.connect(tls=False)
        send_some(s, bytes(data))
        if n % 3:
            gone(s)
        s.close()
    t.served()
    t.back(8192)


def garbage(t, count):
    """Random bytes, and requests, handshakes and frames with some bytes wrong."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}", flush=True)
    r = random.Random(seed)
    t.measure()
    texts = [
        t.get + b"\r\n",
        t.handshake,
        t.handshake + frame(1, b'{"type":"pointer_move","x":0.5,"y":0.5}') + frame(9, b"p"),
        t.handshake + frame(1, b"[" * 200, fin=False) + frame(0, b"]" * 200) + frame(8, b"\x03\xe8"),
        t.get + b"Content-Length: 10\r\n\r\n0123456789" + t.get + b"\r\n",
    ]
    for _ in range(count):
        if r.random() < 0.25:
            data = r.randbytes(r.choice([1, 3, 30, 300, 3000]))
        else:
            data = bytearray(r.choice(texts))
            for _ in range(r.randrange(1, 8)):
                at = r.randrange(len(data))
                how = r.random()
                if how < 0.6:
                    data[at] = r.choice([r.randrange(256), 0, 10, 13, 32, 37, 58, 127, 255])
                elif how < 0.8:
                    del data[at : at + r.randrange(1, 20)]
                else:
                    data[at:at] = r.randbytes(r.randrange(1, 20))
                if not data:
                    data = bytearray(b"\0")
        s = t.connect()
        try:
            cut = r.randrange(len(data))
            s.sendall(data[:cut])
            s.sendall(data[cut:])
            how = r.randrange(3)
            if how == 0:
                s.shutdown(socket.SHUT_WR)
                s.settimeout(0.02)
                while s.recv(PIECE):
                    pass
            elif how == 1:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # closed, or waiting for the rest
        s.close()
    t.served()
    t.back(8192)


def ask(t, data):
    """The statuses of all answers to these bytes, and whether the server closed the connection."""
    s = t.connect()
    s.settimeout(PATIENCE)
    got, ended = b"", True
    try:
        s.sendall(data)
    except OSError:
        pass  # cut off; an answer may still be readable
    try:
        while True:
            more = s.recv(PIECE)
            if not more:
                break
            got += more
    except ConnectionError:
        pass
    except TimeoutError:
        ended = False
    s.close()
    return [int(x) for x in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)], ended, got


LAST = b"Connection: close\r\n\r\n"


def requests(t, count):
    """Invalid requests: each is answered or cut off, and nothing after it has an effect."""
    get, host, f = t.get, t.host, t.folder
    again = get + LAST
    page = b"GET " + f + b"page.js HTTP/1.1\r\n" + host
    wrong = 0
    # Title, bytes, expected statuses; []: the connection is cut off.
    for what, data, *wanted in (
        ("a header of 15 KB", get + b"X: " + b"a" * 15000 + b"\r\n" + LAST, [200]),
        ("a header line of 100 KB", get + b"X: " + b"a" * 100000 + b"\r\n" + LAST, []),
        ("a header's name of 100 KB", get + b"a" * 100000 + b": x\r\n" + LAST, []),
        ("10,000 headers", get + b"X-Header: x\r\n" * 10000 + LAST, []),
        ("1,000 lines of a known header", get + b"Accept: x\r\n" * 1000 + LAST, []),
        ("an address of 15 KB", b"GET /" + b"a" * 15000 + b" HTTP/1.1\r\n" + host + LAST, [404]),
        ("an address of 100 KB", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + host + LAST, []),
        ("a NAME of 300 bytes", b"GET /" + b"a" * 300 + b"/stats HTTP/1.1\r\n" + host + LAST, [404]),
        ("2,000 arguments", get.replace(b"stats", b"stats?" + b"a=b&" * 2000) + LAST, []),
        ("NUL before it", b"\0" + again, [400]),
        ("NUL in its address", b"GET /st\0ats HTTP/1.1\r\n" + host + LAST, []),
        ("NUL in its end", b"GET /stats%00 HTTP/1.1\r\n" + host + LAST, []),
        ("bare LF", (get + LAST).replace(b"\r\n", b"\n"), [200]),
        ("two lengths", get + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello" + again, [400]),
        ("a list of lengths", get + b"Content-Length: 0, 0\r\n\r\n" + again, [400]),
        ("length -1", get + b"Content-Length: -1\r\n\r\n" + again, [400]),
        ("length +0", get + b"Content-Length: +0\r\n\r\n" + again, [400]),
        ("length 0x5", get + b"Content-Length: 0x5\r\n\r\nhello" + again, [400]),
        ("length 99999999999999999999", get + b"Content-Length: " + b"9" * 20 + b"\r\n\r\n", [400]),
        ("chunked", get + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + again, [400]),
        ("xchunked", get + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + again, [400]),
        ("chunked after a tab", get + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + again, [400]),
        ("chunked and a length", get + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"0\r\n\r\n" + again, [400]),
        ("chunked with a POST", b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n"
         b"0\r\n\r\n" + again, [405]),
        ("a POST's body is a GET", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: %d\r\n\r\n"
         % len(again) + again, [405]),
        ("length 0 is none", get + b"Content-Length: 0\r\n\r\n" + again, [200, 200]),
        ("an absolute address", b"GET http://x/stats HTTP/1.1\r\n" + host + LAST, [403]),
        ("no slash", b"GET stats HTTP/1.1\r\n" + host + LAST, [403]),
        ("GET *", b"GET * HTTP/1.1\r\n" + host + LAST, [403]),
        ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + host + LAST, [403]),
        ("OPTIONS", b"OPTIONS / HTTP/1.1\r\n" + host + LAST, [405]),
        ("TRACE", b"TRACE / HTTP/1.1\r\n" + host + LAST, [405]),
        ("CONNECT", b"CONNECT x:80 HTTP/1.1\r\n" + host + LAST, [405]),
        ("two request lines", b"GET / HTTP/1.1\r\nGET /x HTTP/1.1\r\n" + host + LAST, []),
        ("HTTP/1.0", get.replace(b"1.1", b"1.0") + b"\r\n", [200]),
        ("HTTP/2.0", get.replace(b"1.1", b"2.0") + LAST, [505]),
        ("HTTP/9.9", get.replace(b"1.1", b"9.9") + LAST, [505]),
        ("another protocol", get.replace(b"HTTP", b"ICAP") + LAST, [505]),
        ("no protocol", b"GET /stats\r\n\r\n", [505]),
        ("a TLS greeting", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"a" * 500, [400]),
        ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
        ("% at the end", b"GET /% HTTP/1.1\r\n" + host + LAST, [403]),
        ("%zz", b"GET /%zz HTTP/1.1\r\n" + host + LAST, [403]),
        ("half an escape", b"GET /%2 HTTP/1.1\r\n" + host + LAST, [403]),
        ("unnecessary escapes", get.replace(b"stats", b"%73t%61ts") + LAST, [200]),
        ("overlong dots", b"GET /%c0%ae%c0%ae/stats HTTP/1.1\r\n" + host + LAST, [404]),
        ("bytes above 127", b"GET /\xff\xfe HTTP/1.1\r\n" + host + LAST, [404]),
        ("dots above the root", b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host + LAST, [404]),
        ("a backslash", b"GET /..\\..\\stats HTTP/1.1\r\n" + host + LAST, [404]),
        ("; and &", get.replace(b"stats", b"stats;x") + b"\r\n"
         + get.replace(b"stats", b"stats&x") + LAST, [400, 400]),
        # valid requests
        ("50 requests at once", (get + b"\r\n") * 49 + again, [200] * 50),
        ("20 pages at once", (page + b"\r\n") * 19 + page + LAST, [200] * 20),
        ("another request after a 404", b"GET /nothing HTTP/1.1\r\n" + host + b"\r\n" + again, [404, 200]),
        ("another request after a HEAD", b"HEAD" + page[3:] + b"\r\n" + again, [200, 200]),
        ("Expect", get + b"Expect: 100-continue\r\n" + LAST, [200]),
        ("Expect with a body", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n"
         b"Expect: 100-continue\r\n\r\n", [405]),
        ("Range", page + b"Range: bytes=0-9\r\n" + LAST, [200]),
        ("ten Accepts, cookies, a referrer", get + b"Accept: x\r\n" * 10 + b"Cookie: a=b\r\n" * 10
         + b"Referer: http://x/\r\n" + LAST, [200]),
    ):
        statuses, ended, got = ask(t, data)
        fine = statuses == wanted[0] and ended
        if what == "Range" and fine:
            fine = len(got.split(b"\r\n\r\n", 1)[1]) > 1000 and b"content-range" not in got.lower()
        print(f"{'ok   ' if fine else 'WRONG'} {what}: {statuses}{'' if ended else ', and it stays open'}")
        wrong += not fine
    if wrong:
        raise Wrong(f"{wrong} wrong")
    s = t.connect()  # 304, then another request
    s.sendall(b"GET " + f + b"snapshot.jpg HTTP/1.1\r\n" + host + b"If-None-Match: *\r\n\r\n" + again)
    got = b""
    while more := s.recv(PIECE):
        got += more
    if re.findall(rb"HTTP/1\.1 (\d+)", got) != [b"304", b"200"]:
        raise Wrong("304, then another request")
    t.served()


def room(t):
    try:
        t.served()
        return True
    except (Wrong, OSError):
        return False


def crowd(t, count):
    """More connections than the limit: earlier ones stay open, and closed ones make room."""
    t.measure()
    s = t.viewer()
    many = [t.connect() for _ in range(count)]
    for x in many:
        send_some(x, t.get)  # half a request each
    wait("those beyond the limit are closed", PATIENCE, lambda: any(gone(x) for x in many))
    s.sendall(frame(9, b"still"))
    data, end = b"", time.monotonic() + PATIENCE
    while b"\x8a\x05still" not in data:
        if time.monotonic() > end:
            raise Wrong("the first viewer gets no answer")
        data = data[-100:] + s.recv(PIECE)
    for x in many:
        x.close()
    wait("there is room again", PATIENCE, lambda: room(t))
    t.viewer().close()
    s.close()
    t.back(count * 32)


ATTACKS = {
    "slowloris": (slowloris, 200),
    "halfframes": (halfframes, 100),
    "connects": (connects, 10000),
    "stalled": (stalled, 2),
    "pings": (pings, 100000),
    "records": (records, 1000),
    "waits": (waits, 7),
    "flood": (flood, 64),
    "garbage": (garbage, 1000),
    "requests": (requests, 0),
    "crowd": (crowd, 600),
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("attack", choices=sorted(ATTACKS))
    p.add_argument("url")
    p.add_argument("--pid", type=int, required=True)
    p.add_argument("--count", type=int)
    p.add_argument("--no-memory", action="store_true")
    options = p.parse_args()
    attack, count = ATTACKS[options.attack]
    try:
        attack(Target(options), options.count or count)
    except (Wrong, OSError) as e:
        print(f"ws-attack: {options.attack}: {e}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
