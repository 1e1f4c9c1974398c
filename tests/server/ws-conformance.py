#!/usr/bin/python3
"""RFC 6455 section by section, against a running ws-serve, by a client on plain sockets.

ws-conformance.py [--list] [--section S] http[s]://HOST:PORT/NAME/

NAME must be a moving stream. Prints a line for each check: `ok` or `WRONG`, the section, the
requirement, and the deviation. After each check another viewer of the same stream, connected from
the beginning, must get a new packet and an answer to its ping, and the log must have its event and
those of the check, and no other.
Exit: 0 all checks succeeded; 1 some failed; 2 usage.
"""
import argparse
import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
import struct
import sys
import time
from urllib.parse import urlsplit

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PATIENCE = 100  # seconds: ends a hang, measures nothing


END = (EOFError, ConnectionResetError, BrokenPipeError, ssl.SSLError)


class Wrong(Exception):
    pass


def equal(got, want, what=""):
    if got != want:
        raise Wrong(f"{what}{': ' if what else ''}{got!r}, not {want!r}")


# ---- the client ----


def frame(opcode, payload=b"", fin=True, rsv=0, key=b"\x37\xfa\x21\x3d", form=None, announced=None):
    """The bytes of one frame. key None: unmasked. form: 0, 16 or 64 bits of extended length."""
    length = len(payload) if announced is None else announced
    if form is None:
        form = 0 if length < 126 else 16 if length < 1 << 16 else 64
    bit = 0 if key is None else 0x80
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 0:
        head += bytes([bit | length])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if key is not None:
        head += key
        payload = bytes(b ^ key[i & 3] for i, b in enumerate(payload))
    return head + payload


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack(">H", code) + reason)


def request(lines, method="GET", path=None, version="HTTP/1.1"):
    head = [f"{method} {path or server.path} {version}"] + lines
    return "".join(line + "\r\n" for line in head + [""]).encode("latin-1")


def handshake(drop=(), add=(), **values):
    """Header lines of a valid handshake, except those dropped, added or changed."""
    fields = {
        "Host": server.host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    fields.update({k.replace("_", "-"): v for k, v in values.items()})
    return [f"{k}: {v}" for k, v in fields.items() if k not in drop] + list(add)


class Peer:
    """One connection. Checks that everything from the server conforms to the RFC."""

    def __init__(self, upgrade=True, glued=b"", step=0):
        self.socket = socket.create_connection(server.address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.tls:
            self.socket = server.tls.wrap_socket(self.socket)
        self.buffer = b""
        self.pictures = 0
        self.step = step  # bytes at a time
        self.deadline = time.monotonic() + PATIENCE
        peers.append(self)
        if upgrade:
            self.send(request(handshake()) + glued)
            self.upgraded()

    def send(self, *frames):
        data = b"".join(frames)
        step = self.step or len(data)
        self.deadline = time.monotonic() + PATIENCE
        try:
            for at in range(0, len(data), max(step, 1)):
                self.socket.sendall(data[at : at + step])
        except OSError:
            pass  # cut off; earlier data can still be read

    def fill(self):
        if time.monotonic() > self.deadline:  # packets never stop
            raise Wrong("nothing but packets comes")
        more = self.socket.recv(1 << 16)
        if not more:
            raise EOFError
        self.buffer += more

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self):
        """Status and headers of an HTTP answer; its body is skipped."""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head = self.take(self.buffer.index(b"\r\n\r\n") + 4).decode().split("\r\n")
        self.lines = head[:-2]
        fields = {}
        for line in head[1:-2]:
            name, _, value = line.partition(":")
            fields.setdefault(name.lower(), []).append(value.strip())
        status = int(head[0].split()[1])
        if status != 101:
            self.body = self.take(int(fields.get("content-length", ["0"])[0]))
        return status, fields

    def upgraded(self):
        status, fields = self.answer()
        equal(status, 101, "status")
        return fields

    def refused(self, *wanted):
        status, fields = self.answer()
        if status not in wanted:
            raise Wrong(f"status {status}, not {wanted}")
        return fields

    def next(self):
        """The next message or control frame: opcode and payload."""
        first, second = self.take(2)
        opcode, size = first & 15, second & 0x7F
        equal(first & 0x70, 0, "reserved bits of the server's frame")
        equal(second & 0x80, 0, "mask bit of the server's frame")
        equal(first & 0x80, 0x80, "FIN of the server's frame")
        if opcode not in (TEXT, BINARY, CLOSE, PING, PONG):
            raise Wrong(f"opcode {opcode} from the server")
        if size == 126:
            (size,) = struct.unpack(">H", self.take(2))
            if size < 126:
                raise Wrong(f"{size} as 16 bits from the server")
        elif size == 127:
            (size,) = struct.unpack(">Q", self.take(8))
            if size < 1 << 16:
                raise Wrong(f"{size} as 64 bits from the server")
        if opcode & 8 and size > 125:
            raise Wrong(f"a control frame of {size} bytes from the server")
        payload = self.take(size)
        if opcode == BINARY:
            equal((payload[:2], payload[-2:]), (b"\xff\xd8", b"\xff\xd9"), "a picture's ends")
            self.pictures += 1
        if opcode == TEXT:
            payload.decode()
        return opcode, payload

    def other(self):
        """The next one that isn't a packet."""
        while True:
            opcode, payload = self.next()
            if opcode == PING:
                self.send(frame(PONG, payload))
            elif opcode != BINARY:
                return opcode, payload

    def ponged(self, payload):
        equal(self.other(), (PONG, payload))

    def answered(self, t):
        """Awaits the answer to a ping message: all earlier messages have been processed then."""
        opcode, payload = self.other()
        equal(opcode, TEXT, "opcode")
        equal(json.loads(payload)["t"], t, "t")

    def alive(self, t=4711):
        self.send(frame(TEXT, ping(t)))
        self.answered(t)

    def ended(self):
        """Checks that the server has closed the connection: no further byte."""
        try:
            while True:
                if self.buffer:
                    raise Wrong(f"after the end: {self.buffer[:40]!r}")
                self.fill()
        except END:
            pass

    def closed(self, code, reply=True):
        """Expects a close frame with this code (None: without), then the end."""
        try:
            opcode, payload = self.other()
        except END:
            raise Wrong(f"ended without a close frame, not {code}")
        equal(opcode, CLOSE, "opcode")
        if len(payload) == 1:
            raise Wrong("a close frame of one byte")
        got = struct.unpack(">H", payload[:2])[0] if payload else None
        reason = payload[2:].decode()
        equal(got, code, f"close code ({reason})")
        if reply:
            try:
                self.socket.sendall(frame(CLOSE, payload[:2]))
            except OSError:
                pass
        self.ended()
        return payload[2:]

    def cut(self):
        """Expects the end without a close frame."""
        try:
            opcode, payload = self.other()
            raise Wrong(f"opcode {opcode}, {payload!r}, not the end")
        except END:
            pass

    def over(self):
        """Expects the end, with or without a close frame."""
        try:
            while self.next()[0] != CLOSE:
                pass
        except END:
            pass

    def goodbye(self):
        self.send(close_frame(1000))
        self.closed(1000, reply=False)


def move(x=0.5):
    server.due += 1
    return text_of_move(x)


def text_of_move(x=0.5):
    return json.dumps({"type": "pointer_move", "x": x, "y": 0.5}).encode()


def ping(t):
    return json.dumps({"type": "ping", "t": t}).encode()


def padded(size, t=1):
    text = ping(t)
    return text + b" " * (size - len(text))


class Server:
    def __init__(self, url, log_has):
        parts = urlsplit(url)
        self.tls = ssl._create_unverified_context() if parts.scheme == "https" else None
        self.address = (parts.hostname, parts.port)
        self.host = parts.netloc
        self.folder = parts.path
        self.path = parts.path + "ws"
        self.due = log_has  # number of events expected in the log

    def stats(self):
        if self.tls:
            link = http.client.HTTPSConnection(*self.address, timeout=PATIENCE, context=self.tls)
        else:
            link = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        link.request("GET", self.folder + "stats")
        stats = json.loads(link.getresponse().read())
        link.close()
        return stats


class Witness:
    """The other viewer, which must not be affected."""

    def __init__(self):
        self.peer = Peer()
        peers.remove(self.peer)
        self.count = 0

    def look(self):
        self.count += 1
        before = self.peer.pictures
        t = 100000 + self.count
        self.peer.send(frame(TEXT, move(self.count % 100 / 100)), frame(TEXT, ping(t)))
        answered = False
        while not answered or self.peer.pictures == before:
            opcode, payload = self.peer.next()
            if opcode == TEXT:
                equal(json.loads(payload)["t"], t, "the other viewer's answer")
                answered = True
                before = self.peer.pictures  # packets that were buffered in the socket are not new
            elif opcode == PING:
                self.peer.send(frame(PONG, payload))
            elif opcode != BINARY:
                raise Wrong(f"the other viewer got opcode {opcode}, {payload!r}")


# ---- the checks ----

checks = []
peers = []
server = witness = None


def check(section, what):
    def add(function):
        checks.append((section, what, function))
        return function

    return add


def each(section, what, values):
    """Adds the same check for several values."""

    def add(function):
        for value in values:
            name = what.format(value[0] if isinstance(value, tuple) else value)
            checks.append((section, name, lambda value=value: function(value)))
        return function

    return add


# 4: opening handshake


@check("4.2.2", "101 with the Accept value of the RFC's own example, and no other headers")
def _():
    fields = Peer(upgrade=False)
    fields.send(request(handshake()))
    got = fields.upgraded()
    equal(fields.lines[0].split(" ", 2)[:2], ["HTTP/1.1", "101"], "status line")
    equal(got["sec-websocket-accept"], ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
    equal(got["upgrade"][0].lower(), "websocket")
    equal(got["connection"][0].lower(), "upgrade")
    for name in ("sec-websocket-extensions", "sec-websocket-protocol"):
        equal(name in got, False, name)
    fields.alive()


@check("4.2.2", "the Accept value of fifty other keys")
def _():
    for n in range(50):
        key = base64.b64encode(hashlib.sha256(bytes([n])).digest()[:16]).decode()
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        p = Peer(upgrade=False)
        p.send(request(handshake(Sec_WebSocket_Key=key)))
        equal(p.upgraded()["sec-websocket-accept"], [base64.b64encode(accept).decode()], key)
        p.goodbye()


def taken(lines, **how):
    p = Peer(upgrade=False)
    p.send(request(lines, **how))
    p.upgraded()
    p.alive()


def refused(lines, *status, **how):
    p = Peer(upgrade=False)
    p.send(request(lines, **how))
    return p, p.refused(*status)


@check("4.2.1", "header names and the token websocket in any case")
def _():
    taken([line.split(":")[0].upper() + ":" + line.split(":", 1)[1] for line in handshake()])
    taken([line.split(":")[0].lower() + ":" + line.split(":", 1)[1] for line in handshake()])
    taken(handshake(Upgrade="WebSocket", Connection="uPGRADE"))
    taken(handshake(Upgrade="WEBSOCKET"))


@check("4.2.1", "headers in any order, with none or several spaces, and others between them")
def _():
    taken(handshake()[::-1])
    taken([line.replace(": ", ":") for line in handshake()])
    taken([line.replace(": ", ":   ") for line in handshake()])
    taken(handshake(add=["X-A: b", "Cookie: a=b; c=d", "User-Agent: x/1 (y)", "Pragma: no-cache"]))


@check("4.2.1", "Connection with several tokens, in one line or in several")
def _():
    taken(handshake(Connection="keep-alive, Upgrade"))
    taken(handshake(Connection="Upgrade,keep-alive"))
    taken(handshake(Connection="keep-alive , x-y ,  upgrade"))
    taken(handshake(drop=["Connection"], add=["Connection: keep-alive", "Connection: Upgrade"]))


@check("4.2.1", "arguments after a question mark; the server's own Origin; none")
def _():
    taken(handshake(), path=server.path + "?a=b&c=d")
    taken(handshake(Origin="http://" + server.host))


@each(
    "4.2.1",
    "refused with 400: {}",
    [
        ("no Host", dict(drop=["Host"])),
        ("no Sec-WebSocket-Key", dict(drop=["Sec-WebSocket-Key"])),
        ("an empty key", dict(Sec_WebSocket_Key="")),
        ("a key of 15 bytes", dict(Sec_WebSocket_Key="MTIzNDU2Nzg5MDEyMzQ1")),
        ("a key of 17 bytes", dict(Sec_WebSocket_Key="MTIzNDU2Nzg5MDEyMzQ1Njc=")),
        ("a key that isn't base64", dict(Sec_WebSocket_Key="!!!!!!!!!!!!!!!!!!!!!!==")),
        ("a key without its padding", dict(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQAA")),
        ("two keys", dict(add=["Sec-WebSocket-Key: " + KEY])),
        ("two keys in a line", dict(Sec_WebSocket_Key=KEY + ", " + KEY)),
        ("a key of 5000 bytes", dict(Sec_WebSocket_Key="A" * 5000)),
        ("no Connection", dict(drop=["Connection"])),
        ("Connection: keep-alive", dict(Connection="keep-alive")),
        ("Connection: upgraded", dict(Connection="upgraded")),
        ("Connection: no-upgrade", dict(Connection="no-upgrade, keep-alive")),
        ("Connection of 5000 bytes", dict(Connection="x" * 5000 + ", upgrade")),
        ("a body", dict(add=["Content-Length: 5"])),
        ("a chunked body", dict(add=["Transfer-Encoding: chunked"])),
        ("a subprotocol", dict(add=["Sec-WebSocket-Protocol: chat"])),
        ("251 bytes of extensions", dict(add=["Sec-WebSocket-Extensions: " + "x" * 251])),
    ],
)
def _(value):
    refused(handshake(**value[1]), 400)


@check("4.2.1", "refused: HTTP/1.0 and 0.9, POST, HEAD, and no Upgrade at all")
def _():
    for version in ("HTTP/1.0", "HTTP/0.9"):
        refused(handshake(), 400, version=version)
    for method in ("POST", "PUT", "HEAD", "DELETE", "OPTIONS"):
        p = Peer(upgrade=False)
        p.send(request(handshake(), method=method))
        head = b""
        while b"\r\n\r\n" not in head:
            head += p.socket.recv(4096)
        if head.split()[1] not in (b"400", b"405"):
            raise Wrong(f"{method}: {head[:40]!r}")
    p, fields = refused(handshake(drop=["Upgrade"]), 426)
    equal(fields["upgrade"][0].lower(), "websocket")


@check("4.2.1", "refused: an Upgrade to something else")
def _():
    refused(handshake(Upgrade="h2c", add=["HTTP2-Settings: AAMAAABkAAQ"]), 400)
    refused(handshake(Upgrade="TLS/1.0"), 403)
    refused(handshake(Upgrade="websockets"), 403)


@each("4.2.2", "426 that names 13: version {}", ["0", "7", "8", "12", "14", "130", "x13", "13x", ""])
def _(value):
    p, fields = refused(handshake(Sec_WebSocket_Version=value), 426)
    equal(fields["sec-websocket-version"], ["13"])


@check("4.2.2", "426 that names 13: no version, or two")
def _():
    p, fields = refused(handshake(drop=["Sec-WebSocket-Version"]), 426)
    equal(fields["sec-websocket-version"], ["13"])
    p, fields = refused(handshake(add=["Sec-WebSocket-Version: 8"]), 426)
    equal(fields["sec-websocket-version"], ["13"])


@check("4.4", "after a refusal the connection is closed, as announced; a new one may try again")
def _():
    p, fields = refused(handshake(Sec_WebSocket_Version="8, 7"), 426)
    equal(fields["connection"], ["close"])
    p.ended()
    taken(handshake())


@check("4.2.2", "another path than the stream's: 404")
def _():
    for path in (server.folder + "page.js", server.folder + "nothing", "/ws/ws", server.path + "/"):
        refused(handshake(), 404, path=path)


# 5.1: masking. libwebsockets accepts unmasked frames too (CAVEATS of shmcast-web.7).


@check("5.1", "keys of all kinds, at every length from 0 to 130")
def _():
    p = Peer()
    keys = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0", b"{}[]", os.urandom(4)]
    for size in range(22, 131):
        p.send(frame(TEXT, padded(size, size), key=keys[size % len(keys)]))
        p.answered(size)
    for size in range(0, 126):
        payload = bytes((size * 7 + i) & 255 for i in range(size))
        p.send(frame(PING, payload, key=keys[size % len(keys)]))
        p.ponged(payload)


@check("5.1", "a new key for each fragment of a message, of any length mod 4")
def _():
    p = Peer()
    for cut in range(1, 9):
        text = ping(cut)
        pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
        for i, piece in enumerate(pieces):
            key = bytes([i * 5 + 1, cut, 0x5A, i])
            p.send(frame(CONT if i else TEXT, piece, fin=i == len(pieces) - 1, key=key))
        p.answered(cut)


@check("5.1", "unmasked frames (against the RFC) have the same effect as masked ones")
def _():
    p = Peer()
    p.send(frame(TEXT, move(), key=None), frame(TEXT, ping(2), key=None))
    p.answered(2)
    p.send(frame(PING, b"plain", key=None))
    p.ponged(b"plain")
    for form in (16, 64):
        p.send(frame(TEXT, ping(form), key=None, form=form))
        p.answered(form)
    p.send(frame(TEXT, ping(3)[:5], fin=False, key=None), frame(CONT, ping(3)[5:]))
    p.answered(3)
    p.send(frame(TEXT, ping(4)[:5], fin=False), frame(CONT, ping(4)[5:], key=None))
    p.answered(4)
    p.send(frame(CLOSE, struct.pack(">H", 1000), key=None))
    p.closed(1000)


@check("5.1", "invalid unmasked frames, and a wrong mask bit: the close code, no event")
def _():
    for bad in (b"\xff\xfe\xfd", b"\x80" * 125):
        p = Peer()
        p.send(frame(TEXT, bad, key=None))
        p.closed(1007)
    p = Peer()
    p.send(frame(TEXT, b"nonsense", key=None))
    p.closed(1008)
    p = Peer()  # the mask bit with an unmasked body
    p.send(frame(TEXT, text_of_move())[:2] + text_of_move())
    p.send(b"    " + frame(BINARY, b""))  # four bytes are missing, taken for the key
    p.over()


@check("5.1", "unmasked and too long: 1009 before the payload")
def _():
    for announced in (65537, 1 << 32, (1 << 63) - 1):
        p = Peer()
        p.send(frame(TEXT, b"x" * 100, key=None, form=64, announced=announced))
        p.closed(1009)


@check("5.1", "empty unmasked frames, in long form too, in a message and alone")
def _():
    for form in (0, 16, 64):
        p = Peer()
        p.send(frame(TEXT, ping(5), fin=False), frame(CONT, b"", fin=False, key=None, form=form))
        p.send(frame(CONT, b"", key=None))
        p.answered(5)
    p = Peer()  # libwebsockets doesn't report this end; the next message must not continue it
    p.send(frame(TEXT, b"nonsense", fin=False), frame(CONT, b"", key=None, form=16))
    p.send(frame(TEXT, ping(6)))
    p.answered(6)
    p = Peer()
    p.send(frame(TEXT, b"", key=None))
    p.closed(1008)


# 5.2: base framing


@each("5.2", "reserved bits {} without an extension: 1002", [1, 2, 3, 4, 5, 6, 7])
def _(rsv):
    for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
        p = Peer()
        p.send(frame(opcode, b"", rsv=rsv))
        p.closed(1002)
    p = Peer()
    p.send(frame(TEXT, b"{", fin=False), frame(CONT, b"}", rsv=rsv))
    p.closed(1002)


@each("5.2", "reserved opcode {}: 1002", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def _(opcode):
    for payload in (b"", text_of_move()):
        p = Peer()
        p.send(frame(opcode, payload))
        p.closed(1002)
    p = Peer()
    p.send(frame(TEXT, text_of_move()[:9], fin=False), frame(opcode, text_of_move()[9:]))
    p.closed(1002)


@check("5.2", "lengths where the encoding changes: 125 to 128, 65534 to 65536")
def _():
    p = Peer()
    for size in (125, 126, 127, 128, 65534, 65535, 65536):
        p.send(frame(TEXT, padded(size, size)))
        p.answered(size)


@check("5.2", "a length in more bytes than necessary is accepted (the RFC binds the sender)")
def _():
    p = Peer()
    for form, size in ((16, 30), (64, 30), (64, 200), (64, 65535)):
        p.send(frame(TEXT, padded(size, size), form=form))
        p.answered(size)


@check("5.2", "the highest bit of a 64-bit length: the end")
def _():
    for announced in (1 << 63, (1 << 64) - 1):
        p = Peer()
        p.send(frame(TEXT, b"xx", form=64, announced=announced))
        p.cut()


@check("5.2", "63 bits of length: 1009 at once, without allocating")
def _():
    for announced in ((1 << 63) - 1, 1 << 62, 1 << 32, (1 << 32) + 10, 1 << 31, 65537):
        p = Peer()
        p.send(frame(TEXT, b"x" * 50, form=64, announced=announced))
        p.closed(1009)


@check("5.2", "binary messages are not part of the protocol: 1003, fragmented or empty too")
def _():
    for fin in (True, False):
        for payload in (b"\xff\xd8\xff\xd9", text_of_move(), b""):
            p = Peer()
            p.send(frame(BINARY, payload, fin=fin))
            p.closed(1003)


# 5.4: fragmentation


@check("5.4", "a message in two, three, and as many fragments as it has bytes")
def _():
    p = Peer()
    for cut in (1, 2, 3, 11, 20):
        text = move()
        pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
        for i, piece in enumerate(pieces):
            p.send(frame(CONT if i else TEXT, piece, fin=i == len(pieces) - 1))
    p.alive()


@check("5.4", "empty fragments: first, in between, last, many")
def _():
    p = Peer()
    text = ping(1)
    p.send(frame(TEXT, b"", fin=False), frame(CONT, text, fin=False), frame(CONT, b""))
    p.answered(1)
    p.send(frame(TEXT, text[:4], fin=False))
    p.send(frame(CONT, b"", fin=False) * 5000, frame(CONT, text[4:]))
    p.answered(1)
    p.send(frame(TEXT, b"", fin=False), frame(CONT, b"", fin=False), frame(CONT, b""))
    p.closed(1008)


@check("5.4", "control frames between fragments are answered at once, the message goes on")
def _():
    p = Peer()
    text = ping(6)
    p.send(frame(TEXT, text[:3], fin=False), frame(PING, b"one"))
    p.ponged(b"one")
    p.send(frame(PONG, b"nobody asked"), frame(CONT, text[3:9], fin=False), frame(PING, b""))
    p.ponged(b"")
    p.send(frame(PONG, b""), frame(CONT, text[9:]))
    p.answered(6)


@check("5.4", "a close between fragments is answered, the half message has no effect")
def _():
    p = Peer()
    p.send(frame(TEXT, text_of_move(), fin=False), close_frame(1001))
    p.closed(1001)


@check("5.4", "a continuation without a beginning: 1002")
def _():
    for fin in (True, False):
        p = Peer()
        p.send(frame(CONT, text_of_move(), fin=fin))
        p.closed(1002)
    p = Peer()  # after a whole message, and after a fragmented one, too
    p.send(frame(TEXT, move()), frame(CONT, b" "))
    p.closed(1002)
    p = Peer()
    text = move()
    p.send(frame(TEXT, text[:9], fin=False), frame(CONT, text[9:]), frame(CONT, b" "))
    p.closed(1002)


@check("5.4", "a new message in the middle of one: 1002")
def _():
    for opcode in (TEXT, BINARY):
        for fin in (True, False):
            p = Peer()
            p.send(frame(TEXT, text_of_move()[:9], fin=False), frame(opcode, text_of_move(), fin=fin))
            p.closed(1002)


@check("5.4", "64 KiB in fragments of 13 and 4096 bytes; a byte more: 1009")
def _():
    for cut in (13, 4096):
        p = Peer()
        text = padded(65536, cut)
        pieces = [text[i : i + cut] for i in range(0, len(text), cut)]
        last = len(pieces) - 1
        p.send(*(frame(CONT if i else TEXT, x, fin=i == last) for i, x in enumerate(pieces)))
        p.answered(cut)
        p.send(*(frame(CONT if i else TEXT, x, fin=False) for i, x in enumerate(pieces)))
        p.send(frame(CONT, b"", fin=False), frame(CONT, b" "))
        p.closed(1009)


# 5.5: control frames


@check("5.5", "a control frame of 125 bytes is accepted, a longer one ends the connection, in each encoding")
def _():
    for opcode in (PING, PONG):
        p = Peer()
        p.send(frame(opcode, b"p" * 125))
        if opcode == PING:
            p.ponged(b"p" * 125)
        p.alive()
    for opcode in (CLOSE, PING, PONG):
        for size in (126, 127, 65536):
            p = Peer()
            p.send(frame(opcode, b"\x03\xe8" + b"p" * (size - 2)))
            p.cut()
        p = Peer()
        p.send(frame(opcode, b"\x03\xe8", form=16))
        p.cut()


@each("5.5", "a fragmented control frame: 1002: opcode {}", [CLOSE, PING, PONG])
def _(opcode):
    p = Peer()
    p.send(frame(opcode, b"", fin=False))
    p.closed(1002)
    p = Peer()
    p.send(frame(TEXT, text_of_move(), fin=False), frame(opcode, b"\x03\xe8", fin=False))
    p.closed(1002)


@check("5.5.2", "ping: a pong with the same bytes, all values, in order")
def _():
    p = Peer()
    for payload in (b"", b"\0", b"\xff" * 125, bytes(range(125)), bytes(range(131, 256))):
        p.send(frame(PING, payload))
        p.ponged(payload)


@check("5.5.2", "pings faster than pongs: at most one pong per ping, each valid; then normal operation")
def _():
    p = Peer()
    sent = [b"%d" % n for n in range(500)]
    p.send(b"".join(frame(PING, x) for x in sent), frame(TEXT, ping(9)))
    got = []
    while True:
        opcode, payload = p.other()
        if opcode == TEXT:
            break
        equal(opcode, PONG)
        got.append(payload)
    p.send(frame(PING, b"last"))
    while got[-1:] != [b"last"]:
        got.append(p.other()[1])
    if not got or len(set(got)) != len(got) or set(got) - set(sent) - {b"last"}:
        raise Wrong(f"pongs {got[:5]}… {len(got)}")
    p.alive()


@check("5.5.3", "an unsolicited pong is ignored")
def _():
    p = Peer()
    p.send(frame(PONG, b""), frame(PONG, b"x" * 125), frame(PONG, text_of_move()))
    p.alive()


# 5.5.1 and 7: closing


@check("5.5.1", "a close without a code is answered without one, and the server ends first")
def _():
    p = Peer()
    p.send(frame(CLOSE))
    p.closed(None, reply=False)


@check("5.5.1", "after a close nothing has an effect: no event, no pong, no second answer")
def _():
    for behind in (
        frame(TEXT, text_of_move()),
        frame(TEXT, text_of_move()) * 50,
        frame(TEXT, text_of_move()[:9], fin=False) + frame(CONT, text_of_move()[9:]),
        frame(BINARY, b"x"),
        frame(PING, b"x"),
        frame(TEXT, b"\xff"),
        frame(TEXT, padded(65536)),
        frame(PING, b"x") * 5000,
        close_frame(1001),
    ):
        p = Peer()
        p.send(close_frame(1000) + behind)
        p.closed(1000, reply=False)
    p = Peer()  # it may be cut off without an answer, and no more
    p.send(close_frame(1000) + frame(3, b"") + frame(TEXT, text_of_move()))
    p.over()


@check("5.5.1", "nothing has an effect after the server's own close either")
def _():
    for behind in (
        b"",
        frame(TEXT, text_of_move()) * 20,
        frame(BINARY, b"x" * 5000),
        frame(TEXT, text_of_move()) * 5000,
        close_frame(1000),
    ):
        p = Peer()
        p.send(frame(TEXT, b"nonsense") + behind)
        p.closed(1008, reply=False)


@check("7.1.7", "a failure reports its code, whatever data followed")
def _():
    for bad, code in (
        (frame(TEXT, b"nonsense"), 1008),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, b""), 1003),
        (frame(TEXT, b"x" * 200000), 1009),
    ):
        p = Peer()
        p.send(bad + frame(BINARY, b"x" * 200000) + frame(TEXT, text_of_move()) * 5000)
        p.closed(code)


@check("7.1.1", "clients that don't answer the server's close, or don't close, are cut off")
def _():
    p = Peer()
    p.send(frame(TEXT, b"nonsense"))
    p.closed(1008, reply=False)


@check("7.1.1", "the connection just ends: in a frame, in a message, after the handshake")
def _():
    for data in (b"", b"\x81", b"\x81\xfe", b"\x81\x85abcd12", frame(TEXT, text_of_move(), fin=False)):
        if not server.tls:
            p = Peer(glued=data)
            p.socket.shutdown(socket.SHUT_WR)
            p.cut()
        p = Peer(glued=data)
        p.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        p.socket.close()


@each("7.4.1", "close code {} is echoed", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011])
def _(code):
    p = Peer()
    p.send(close_frame(code))
    p.closed(code, reply=False)


@each("7.4.2", "close code {} is echoed", [3000, 3999, 4000, 4999])
def _(code):
    p = Peer()
    p.send(close_frame(code, b"bye"))
    p.closed(code, reply=False)


@each(
    "7.4",
    "close code {} must not be sent: 1002",
    [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535],
)
def _(code):
    p = Peer()
    p.send(close_frame(code))
    p.closed(1002, reply=False)


@each("7.4", "close code {}, registered after the RFC: answered", [1012, 1013, 1014])
def _(code):
    p = Peer()
    p.send(close_frame(code))
    p.closed(1002, reply=False)


@check("5.5.1", "a close of one byte: 1002")
def _():
    p = Peer()
    p.send(frame(CLOSE, b"\x03"))
    p.closed(1002, reply=False)


@check("5.5.1", "a reason of 123 bytes, in UTF-8, is accepted")
def _():
    for reason in ("é".encode() * 61 + b"x", b"x" * 123):
        p = Peer()
        p.send(close_frame(1000, reason))
        p.closed(1000, reply=False)


@check("8.1", "a reason that isn't UTF-8: 1007")
def _():
    for reason in (b"\xff", b"ok\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
        p = Peer()
        p.send(close_frame(1000, reason))
        p.closed(1007, reply=False)


# 5.6 and 8.1: text is UTF-8


def key_message(key):
    return b'{"type":"key_up","key":"' + key + b'"}'


BAD = {
    "a lone continuation": b"\x80",
    "FE and FF": b"\xfe\xff",
    "a start without its rest": b"\xc3",
    "three bytes cut to two": b"\xe2\x82",
    "four bytes cut to three": b"\xf0\x9f\x98",
    "a start in the place of the rest": b"\xe2\xc3\xa9",
    "overlong: C0 80": b"\xc0\x80",
    "overlong: C1 BF": b"\xc1\xbf",
    "overlong: E0 80 AF": b"\xe0\x80\xaf",
    "overlong: E0 9F BF": b"\xe0\x9f\xbf",
    "overlong: F0 80 80 AF": b"\xf0\x80\x80\xaf",
    "overlong: F0 8F BF BF": b"\xf0\x8f\xbf\xbf",
    "a surrogate: D800": b"\xed\xa0\x80",
    "a surrogate: DFFF": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "above 10FFFF": b"\xf4\x90\x80\x80",
    "F5": b"\xf5\x80\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
}


@each("8.1", "not UTF-8: {}: 1007", list(BAD.items()))
def _(value):
    text = key_message(value[1])
    p = Peer()
    p.send(frame(TEXT, text))
    p.closed(1007)
    for cut in (24, 25):  # before it and in it
        p = Peer()
        p.send(frame(TEXT, text[:cut], fin=False), frame(CONT, text[cut:]))
        p.closed(1007)
    p = Peer()  # truncated at the end of the message
    p.send(frame(TEXT, text[: 24 + len(value[1])]))
    p.closed(1007)


@check("8.1", "characters at every boundary of UTF-8 are accepted, split anywhere")
def _():
    p = Peer()
    for point in (0x7E, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10FFFF):
        text = key_message(chr(point).encode())
        for cut in range(len(text) + 1):
            server.due += 1
            p.send(frame(TEXT, text[:cut], fin=False), frame(CONT, text[cut:]))
    p.alive()


@check("8.1", "only text must be UTF-8: ping and pong may have any bytes")
def _():
    p = Peer()
    p.send(frame(PING, b"\xff\xfe\xc0\x80"))
    p.ponged(b"\xff\xfe\xc0\x80")
    p.send(frame(PONG, b"\xed\xa0\x80"))
    p.alive()


# 9: extensions


@each(
    "9.1",
    "not negotiated: {}",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover",
        "permessage-deflate, permessage-deflate; client_max_window_bits=10",
        "x-webkit-deflate-frame",
        "bbf-usp-protocol",
        ";;,,==",
    ],
)
def _(offer):
    p = Peer(upgrade=False)
    p.send(request(handshake(add=["Sec-WebSocket-Extensions: " + offer])))
    equal("sec-websocket-extensions" in p.upgraded(), False, "an extension")
    p.alive()
    p.send(frame(TEXT, b"\xaa\x56\x4a\x05\x00", rsv=4))  # the same, deflated
    p.closed(1002)


# 10.4: limits of the implementation


@check("10.4", "64 KiB are accepted and a byte more is not: 1009, announced or sent")
def _():
    p = Peer()
    p.send(frame(TEXT, padded(65536)))
    p.answered(1)
    p.send(frame(TEXT, padded(65537)))
    p.closed(1009)
    p = Peer()
    p.send(frame(TEXT, b"", form=64, announced=65537), b" ")
    p.closed(1009)


@check("10.4", "an array of 64 messages is accepted, 65 are not: 1008, and none has an effect")
def _():
    p = Peer()
    server.due += 64
    p.send(frame(TEXT, b"[" + b",".join([text_of_move()] * 64) + b"]"))
    p.alive()
    p.send(frame(TEXT, b"[" + b",".join([text_of_move()] * 65) + b"]"))
    p.closed(1008)


@check("10.4", "endless nesting, numbers and strings: 1008")
def _():
    for text in (b"[" * 60000, b'{"a":' * 12000, b"9" * 65000, b'{"type":"' + b"a" * 65000 + b'"}',
                 b'{"type":"ping","t":' + b"1" * 60000 + b"}", b"[" + b"[]," * 20000 + b"]"):
        p = Peer()
        p.send(frame(TEXT, text))
        p.closed(1008)


# TCP is a byte stream: segmentation makes no difference


@check("tcp", "everything byte by byte: handshake, messages, fragments, ping, close")
def _():
    p = Peer(step=1)
    text = move()
    p.send(frame(TEXT, text[:7], fin=False), frame(PING, b"p"), frame(CONT, text[7:]))
    p.ponged(b"p")
    for size in (126, 300):
        p.send(frame(TEXT, padded(size, size)))
        p.answered(size)
    p.send(close_frame(4001, b"bye"))
    p.closed(4001, reply=False)


# Clients must wait for the answer; libwebsockets overwrites large frames by its answer.
@check("tcp", "small frames after the handshake in one segment; large ones affect only their connection")
def _():
    p = Peer(glued=frame(TEXT, move()) + frame(TEXT, ping(3)))
    p.answered(3)
    p = Peer(glued=frame(TEXT, move()) + close_frame(1000))
    p.closed(1000, reply=False)
    p = Peer(glued=frame(TEXT, b"x", rsv=4))
    p.closed(1002)
    p = Peer(glued=frame(TEXT, padded(60000, 8)))
    p.over()


@check("tcp", "the handshake cut at every byte")
def _():
    whole = request(handshake())
    for at in range(1, len(whole), 5):
        p = Peer(upgrade=False)
        p.send(whole[:at])
        p.send(whole[at:])
        p.upgraded()
        p.goodbye()


@check("tcp", "400 frames in one segment, all processed, in order")
def _():
    p = Peer()
    p.send(b"".join(frame(TEXT, move(n / 400)) for n in range(400)) + frame(TEXT, ping(4)))
    p.answered(4)


@check("tcp", "a frame cut at every byte of its header and first bytes")
def _():
    p = Peer()
    for form in (0, 16, 64):
        data = frame(TEXT, padded(40, form), form=form)
        for at in range(1, 20):
            p.send(data[:at])
            p.send(data[at:])
            p.answered(form)


@check("tcp", "frames that end near the end of the server's read buffer")
def _():
    p = Peer()
    for size in list(range(4070, 4130)) + list(range(8180, 8200)) + list(range(16370, 16390)):
        p.send(frame(TEXT, padded(size, size)) + frame(PING, b"x") + frame(TEXT, ping(1)))
        seen = [p.other()[0] for _ in range(3)]
        equal(sorted(seen), [TEXT, TEXT, PONG], f"after {size}")


# ---- running them ----


def run(section, what, function):
    problem = ""
    try:
        function()
    except (Wrong, OSError, EOFError, ValueError, KeyError) as e:
        problem = f"{e}" if isinstance(e, Wrong) else repr(e)
    for peer in peers:
        peer.socket.close()
    peers.clear()
    try:
        witness.look()
        events = server.stats()["events"]
        if events != server.due:
            problem += f" [{events} events in the log, not {server.due}]"
            server.due = events
    except (Wrong, OSError, EOFError) as e:
        print(f"WRONG {section:6} {what}: the other viewer: {e!r}")
        sys.exit(1)
    print(f"{'WRONG' if problem else 'ok   '} {section:6} {what}{': ' + problem if problem else ''}")
    return not problem


def main():
    global server, witness
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--list", action="store_true", help="list the checks, and run none")
    p.add_argument("--section", metavar="S", help="only this section and its subsections")
    p.add_argument("url", nargs="?")
    options = p.parse_args()
    chosen = [
        c for c in checks
        if not options.section or c[0] == options.section or c[0].startswith(options.section + ".")
    ]
    if options.list:
        for section, what, _ in chosen:
            print(f"{section:6} {what}")
        return 0
    if not options.url or not chosen:
        p.error("no such section" if options.url else "no URL")
    server = Server(options.url, 0)
    server.due = server.stats()["events"]
    witness = Witness()
    return 0 if all([run(*c) for c in chosen]) else 1


sys.exit(main())
