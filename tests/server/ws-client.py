#!/usr/bin/python3
"""A viewer for the tests: RFC 6455 and MJPEG on plain sockets, so that every byte of ws-serve is
checked.

ws-client.py [options] ws://HOST:PORT/PATH | http://HOST:PORT/PATH

Prints a line for each event:
  open                          the handshake was accepted
  picture BYTES seq=N frame=N … a whole JPEG, with the text of its COM segment
  text TEXT
  closed CODE REASON            a close frame (WebSocket)
  end                           the connection was closed
  status CODE                   the handshake was refused
Exit: 0 all expected events came; 1 anything else, or nothing within --timeout.
"""
import argparse
import base64
import hashlib
import os
import random
import signal
import socket
import ssl
import struct
import sys
import threading
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Wrong(Exception):
    pass


def jpeg_comment(data):
    """The COM text of a JPEG, which must be whole: every segment, then scan data up to its EOI."""
    if data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        raise Wrong(f"not a whole JPEG: {data[:4].hex()} … {data[-4:].hex()}")
    at, comment = 2, ""
    while data[at : at + 2] != b"\xff\xda":
        if data[at] != 0xFF or at + 4 > len(data):
            raise Wrong(f"no segment at {at}")
        (size,) = struct.unpack_from(">H", data, at + 2)
        if data[at + 1] == 0xFE:
            comment = data[at + 4 : at + 2 + size].decode()
        at += 2 + size
    scan = data.find(b"\xff\xd9", at)
    if scan != len(data) - 2:
        raise Wrong("two images, or parts of them, in one")
    return comment


class Viewer:
    def __init__(self, options, name=""):
        self.o = options
        self.name = name
        self.buffer = b""
        self.pictures = 0
        self.texts = 0
        self.last = 0
        self.seqs = []
        url = urlsplit(options.url)
        self.host, self.path = url.netloc, url.path + ("?" + url.query if url.query else "")
        self.sending = threading.Lock()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if options.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)
        self.socket.settimeout(options.timeout)
        self.socket.connect((url.hostname, url.port or 80))
        if url.scheme in ("wss", "https"):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
            self.socket = tls.wrap_socket(self.socket)

    def say(self, *words):
        if not self.o.quiet:
            print(self.name + " ".join(str(w) for w in words), flush=True)

    # bytes

    def fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def take_until(self, mark):
        while mark not in self.buffer:
            self.fill()
        return self.take(self.buffer.index(mark) + len(mark))

    def request(self, headers):
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {self.o.host or self.host}"] + headers
        if self.o.origin is not None:
            lines.append(f"Origin: {self.o.origin}")
        self.socket.sendall("".join(line + "\r\n" for line in lines + self.o.header + [""]).encode())
        head = self.take_until(b"\r\n\r\n").decode().split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        return int(head[0].split()[1]), fields

    # pictures

    def picture(self, data):
        words = dict(w.split("=") for w in jpeg_comment(data).split()[1:])
        seq = int(words["seq"])
        again = self.o.restarts and seq < self.last
        if self.pictures and seq < self.last + (not self.o.repeats) and not again:
            raise Wrong(f"picture {seq} after {self.last}")
        self.last = seq
        self.seqs.append(seq)
        self.pictures += 1
        self.say("picture", len(data), *(f"{k}={v}" for k, v in words.items()))
        if self.o.save:
            with open(os.path.join(self.o.save, f"{self.pictures:06}.jpg"), "wb") as file:
                file.write(data)

    def enough(self):
        if self.o.stay or self.o.until_closed:
            return False
        return self.pictures >= self.o.count and self.texts >= self.o.texts

    # MJPEG

    def run_mjpeg(self):
        status, fields = self.request([])
        if status != 200:
            self.say("status", status)
            raise Wrong(f"status {status}")
        kind, _, boundary = fields["content-type"].partition("; boundary=")
        if kind != "multipart/x-mixed-replace":
            raise Wrong(kind)
        self.say("open")
        self.o.repeats = True  # a part is sent again when nothing new comes
        while not self.enough():
            head = self.take_until(b"\r\n\r\n").decode().split("\r\n")
            if head[0] != "--" + boundary:
                raise Wrong(f"boundary: {head[0]!r}")
            part = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
            if part["content-type"] != "image/jpeg":
                raise Wrong(part["content-type"])
            self.picture(self.take(int(part["content-length"])))
            if self.take(2) != b"\r\n":
                raise Wrong("no newline after a part")

    # WebSocket

    def send(self, opcode, payload, final=True, mask=True):
        head = bytes([(0x80 if final else 0) | opcode])
        bit = 0x80 if mask else 0
        if len(payload) < 126:
            head += bytes([bit | len(payload)])
        elif len(payload) < 1 << 16:
            head += bytes([bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
        if mask:
            key = os.urandom(4)
            head += key
            pad = key * (len(payload) // 4 + 1)
            payload = bytes(a ^ b for a, b in zip(payload, pad))
        with self.sending:
            self.socket.sendall(head + payload)

    def send_text(self, data):
        step = self.o.fragment or max(len(data), 1)
        pieces = [data[i : i + step] for i in range(0, len(data), step)] or [b""]
        for i, piece in enumerate(pieces):
            self.send(TEXT if i == 0 else 0, piece, i == len(pieces) - 1)
            if self.o.fragment and self.o.ping_between:
                self.send(PING, b"between")

    def send_lines(self):
        """Sends each line of stdin as a message, until a line "bye"."""
        try:
            for line in map(str.rstrip, sys.stdin):
                if line == "bye":
                    break
                self.send(TEXT, line.encode())
            self.send(CLOSE, struct.pack(">H", 1000))
        except OSError:
            pass  # the other thread reports it

    def flood(self):
        """Starts a process that sends --flood repeatedly, faster than it can be answered."""
        data = self.o.flood.encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0xFE, len(data))
        block = (bytes([0x81]) + size + bytes(4) + data) * (1 + (1 << 20) // len(data))
        parent, pid = os.getpid(), os.fork()
        if pid:
            return pid
        try:
            while os.getppid() == parent:
                self.socket.sendall(block)
        except OSError:
            pass
        os._exit(0)

    def run_websocket(self):
        key = base64.b64encode(os.urandom(16)).decode()
        status, fields = self.request(
            [
                "Upgrade: websocket",
                "Connection: keep-alive, Upgrade",
                f"Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            ]
        )
        if status != 101:
            self.say("status", status)
            raise Wrong(f"status {status}")
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        if fields["sec-websocket-accept"] != base64.b64encode(accept).decode():
            raise Wrong("wrong Sec-WebSocket-Accept")
        if "sec-websocket-extensions" in fields:
            raise Wrong("an extension was accepted: " + fields["sec-websocket-extensions"])
        self.say("open")
        if self.o.wait:  # until the test writes a line
            sys.stdin.readline()
        for text in self.o.send:
            self.send_text(text.encode())
        for data in self.o.send_bytes:
            self.send(TEXT, data.encode().decode("unicode_escape").encode("latin-1"))
        for data in self.o.send_binary:
            self.send(BINARY, data.encode())
        for data in self.o.raw:
            self.socket.sendall(bytes.fromhex(data))
        if self.o.lines:
            threading.Thread(target=self.send_lines, daemon=True).start()
        flooder = self.flood() if self.o.flood else None
        try:
            while not self.enough():
                if not self.frame():
                    return
        finally:
            if flooder:
                os.kill(flooder, signal.SIGKILL)
                os.waitpid(flooder, 0)
        if not self.o.abort and not flooder:  # the flooder was killed within a frame
            self.send(CLOSE, struct.pack(">H", 1000))
            try:
                while self.frame():
                    pass
            except EOFError:  # after half a packet libwebsockets just closes the connection
                pass

    def frame(self):
        first, second = self.take(2)
        if first & 0x70 or second & 0x80:
            raise Wrong("reserved bits, or a masked frame")
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.take(8))
        payload = self.take(size)
        opcode = first & 15
        if not first & 0x80:
            raise Wrong("a fragment")
        if opcode == BINARY:
            self.picture(payload)
            if self.o.ack:
                self.send(TEXT, b'{"type":"ack","seq":%d}' % self.last)
        elif opcode == TEXT:
            self.texts += 1
            self.say("text", payload.decode())
        elif opcode == PING:
            self.send(PONG, payload)
        elif opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if payload else 1005
            self.say("closed", code, payload[2:].decode())
            try:
                self.send(CLOSE, payload[:2])
            except OSError:
                pass
            return False
        elif opcode == PONG:
            self.say("pong", payload.decode())
        else:
            raise Wrong(f"opcode {opcode}")
        return True

    def run(self):
        try:
            if self.o.url.startswith("ws"):
                self.run_websocket()
            else:
                self.run_mjpeg()
        except (EOFError, ConnectionResetError, BrokenPipeError):
            self.say("end")
            if not self.o.until_closed:
                raise Wrong("the connection was closed")
        finally:
            if self.o.abort:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
        if self.pictures < self.o.count or self.texts < self.o.texts:
            raise Wrong(f"{self.pictures} pictures, {self.texts} texts")


def run_many(options):
    """--viewers N at once. Checks that packets are whole and in order, not that all viewers get the
    same first and last one."""
    wrong, done = [], []

    def one(number):
        viewer = Viewer(options, f"{number} ")
        try:
            viewer.run()
            done.append(f"{number} ok {viewer.pictures} {viewer.seqs[0]} {viewer.seqs[-1]}")
        except (Wrong, OSError) as e:
            wrong.append(f"{number}: {e!r}")

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, options.viewers + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(done))
    if wrong:
        raise Wrong("; ".join(wrong))


def run_fuzz(options):
    """--fuzz: N connections with random bytes, the same for the same N."""
    url = urlsplit(options.url)
    chance = random.Random(options.fuzz)
    hello = (
        f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    for _ in range(options.fuzz):
        noise = chance.randbytes(chance.choice([1, 7, 40, 300, 5000]))
        spoilt = bytearray(hello)
        for _ in range(chance.randrange(1, 6)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        frame = bytes([chance.randrange(256), 0x80 | chance.randrange(128)])
        data = chance.choice(
            [noise, bytes(spoilt), hello + noise, hello + frame + noise, hello[: len(noise)],
             hello * 3, hello + b"\x81\xff" + noise, hello + b"\x81\x85\0\0\0\0[" + noise]
        )
        with socket.create_connection((url.hostname, url.port), timeout=100) as s:
            s.settimeout(options.timeout)
            try:
                s.sendall(data)
                if chance.random() < 0.5:
                    s.shutdown(socket.SHUT_WR)
                if chance.random() < 0.5:
                    s.recv(1000)
            except (ConnectionResetError, BrokenPipeError):
                pass
            except TimeoutError:
                pass  # the server waits for the rest of a request, as it should


def run_bytes(options):
    """Sends --bytes unchanged, prints the answer until the end."""
    url = urlsplit(options.url)
    with socket.create_connection((url.hostname, url.port), timeout=options.timeout) as s:
        try:
            for data in options.bytes:
                s.sendall(data.encode().decode("unicode_escape").encode("latin-1") * options.times)
            if options.half_close:
                s.shutdown(socket.SHUT_WR)
            while data := s.recv(1 << 16):
                sys.stdout.buffer.write(data)
        except (ConnectionResetError, BrokenPipeError):
            pass
    print("end")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = p.add_argument
    add("url")
    add("--count", type=int, default=0, metavar="N", help="wait for N packets")
    add("--texts", type=int, default=0, metavar="N", help="wait for N texts")
    add("--save", metavar="DIR", help="save packets as DIR/000001.jpg …")
    add("--send", action="append", default=[], metavar="JSON", help="a text message")
    add("--send-bytes", action="append", default=[], metavar="TEXT", help=r"the same, with \x80")
    add("--send-binary", action="append", default=[], metavar="TEXT")
    add("--raw", action="append", default=[], metavar="HEX", help="bytes to send after the handshake")
    add("--lines", action="store_true", help="send each line of stdin, until bye; with --stay")
    add("--flood", metavar="JSON", help="send repeatedly, until all expected events came")
    add("--fragment", type=int, metavar="BYTES", help="send text messages in frames of BYTES bytes")
    add("--ping-between", action="store_true", help="send a ping after each fragment")
    add("--origin", metavar="ORIGIN")
    add("--host", metavar="HOST")
    add("--header", action="append", default=[], metavar="LINE")
    add("--repeats", action="store_true", help="allow a packet to be repeated by a WebSocket")
    add("--restarts", action="store_true", help="allow numbers to restart: --replace")
    add("--ack", action="store_true", help="acknowledge each packet")
    add("--stay", action="store_true", help="stay until killed")
    add("--until-closed", action="store_true", help="stay until the server closes the connection")
    add("--abort", action="store_true", help="end with a reset instead of a close frame")
    add("--wait", action="store_true", help="neither read nor send before a line on stdin")
    add("--receive-buffer", type=int, metavar="BYTES")
    add("--viewers", type=int, metavar="N", help="N clients at once")
    add("--quiet", action="store_true")
    add("--timeout", type=float, default=100, metavar="SECONDS")
    add("--bytes", action="append", default=[], metavar="TEXT", help="send these bytes instead of a handshake")
    add("--times", type=int, default=1, metavar="N", help="N times each")
    add("--half-close", action="store_true", help="then close the sending side")
    add("--fuzz", type=int, metavar="N", help="N connections with random bytes")
    options = p.parse_args()
    try:
        if options.bytes:
            run_bytes(options)
        elif options.fuzz:
            run_fuzz(options)
        elif options.viewers:
            run_many(options)
        else:
            Viewer(options).run()
    except (Wrong, TimeoutError, OSError) as e:
        print(f"ws-client: {e!r}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
