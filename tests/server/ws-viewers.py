#!/usr/bin/python3
"""Many WebSocket viewers of different kinds in one process, with statistics of what they get.

ws-viewers.py SCENE --url ws://HOST:PORT/PATH [options]

Prints a line for each figure. Exit: 0 all checks succeeded; 1 a check failed or timed out, with one
line on stderr.
"""
import argparse
import base64
import heapq
import json
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
STEP = 4096  # bytes that a throttled viewer reads at a time
BEHIND = 16 * STEP  # bytes that it may catch up on after a late wake-up


class Wrong(Exception):
    pass


def check(ok, *what):
    if not ok:
        raise Wrong(" ".join(str(w) for w in what))


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else 0.0


def mask(opcode, payload):
    """A frame with a mask of zeros, so that the payload is unchanged."""
    check(len(payload) < 126, "too long for this client")
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


class Loop:
    """Sockets and timers of all viewers."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.count = 0

    def at(self, when, call):
        self.count += 1
        heapq.heappush(self.timers, (when, self.count, call))

    def turn(self, deadline):
        first = min([deadline] + [t[0] for t in self.timers[:1]])
        for key, _ in self.selector.select(max(0.0, first - time.monotonic())):
            key.data()
        while self.timers and self.timers[0][0] <= time.monotonic():
            heapq.heappop(self.timers)[2]()

    def run(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.turn(deadline)

    def until(self, seconds, what, done):
        seconds = max(60, seconds)  # ends a hang, measures nothing
        deadline = time.monotonic() + seconds
        while not done():
            check(time.monotonic() < deadline, "not within", seconds, "s:", what)
            self.turn(min(deadline, time.monotonic() + 0.02))


class Viewer:
    """rate: bytes per second to read, 0: nothing, None: everything. shows: the same for packets that
    were read, as after a proxy that reads everything. acks: acknowledge each acks-th packet shown.
    late: seconds by which acknowledgements are delayed. parts: ask for parts of packets."""

    def __init__(self, loop, url, rate=None, shows=None, acks=1, late=0.0, parts=False):
        self.loop, self.rate, self.shows, self.acks, self.late = loop, rate, shows, acks, late
        self.free = 0.0  # time at which it has shown all packets
        self.buffer, self.got = bytearray(), 0  # the beginning of a message
        self.seqs, self.pictures, self.texts = [], [], []
        self.tokens, self.filled = 0.0, time.monotonic()
        self.closed = False
        url = urlsplit(url)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(100)
        self.socket.connect((url.hostname, url.port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            check(byte, "closed during the handshake")
            head += byte
        check(head.startswith(b"HTTP/1.1 101 "), head.split(b"\r\n")[0])
        self.socket.setblocking(False)
        if parts:
            self.ask_parts()
        if rate != 0:
            self.resume()

    def resume(self):
        if not self.closed:
            self.loop.selector.register(self.socket, selectors.EVENT_READ, self.readable)

    def allowance(self):
        """Bytes that may be read now; 0: later."""
        if self.rate is None:
            return 1 << 20
        now = time.monotonic()
        self.tokens = min(BEHIND, self.tokens + self.rate * (now - self.filled))
        self.filled = now
        if self.tokens < STEP:
            self.loop.selector.unregister(self.socket)
            self.loop.at(now + 2 * STEP / self.rate, self.resume)
            return 0
        return STEP

    def readable(self):
        room = self.allowance()
        if not room:
            return
        try:
            data = self.socket.recv(room)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
            return
        if self.rate is not None:
            self.tokens -= len(data)
        self.buffer += data
        while self.message():
            pass

    def close(self):
        if self.closed:
            return
        self.closed = True
        try:
            self.loop.selector.unregister(self.socket)
        except KeyError:
            pass
        self.socket.close()

    def message(self):
        b = self.buffer
        if len(b) < 2:
            return False
        size, at = b[1] & 127, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(b) < at:
                return False
            (size,) = struct.unpack_from(">H" if at == 4 else ">Q", b, 2)
        if len(b) < at + size:
            return False
        opcode, data = b[0], bytes(b[at : at + size])
        del b[: at + size]
        if opcode == 0x80 | BINARY and self.shows:
            self.free = max(self.free, time.monotonic()) + len(data) / self.shows
            self.loop.at(self.free, lambda: self.picture(data))
        elif opcode == 0x80 | BINARY:
            self.picture(data)
        elif opcode == 0x80 | TEXT:
            self.texts.append(json.loads(data))
        elif opcode == 0x80 | CLOSE:
            self.close()
            return False
        else:
            check(opcode == 0x80 | PING, "a frame of", hex(opcode))
            self.send(PONG, data)
        return True

    def picture(self, data):
        now = time.monotonic()
        check(data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", "not a whole JPEG")
        start = data.index(b"shmcast seq=")
        words = data[start : data.index(b"\xff", start)].decode().split()[1:]
        words = dict(w.split("=") for w in words)
        seq = int(words["seq"])
        self.seqs.append(seq)
        self.pictures.append(
            {"at": now, "seq": seq, "bytes": len(data), "stream": self.stream(), "frame": int(words["frame"]),
             "captured": float(words["captured"]), "published": float(words["published"]),
             "part": words.get("part"), "sum": hash(data)}
        )
        if self.acks and len(self.seqs) % self.acks == 0:
            if self.late:
                self.loop.at(now + self.late, lambda: self.ack(seq))
            else:
                self.ack(seq)

    def ack(self, seq):
        self.send(TEXT, b'{"type":"ack","seq":%d}' % seq)

    def send(self, opcode, data):
        if not self.closed:
            self.socket.send(mask(opcode, data))

    def stream(self):
        """The stream of its packets, by the last state message."""
        return next((t["stream"] for t in reversed(self.texts) if t["type"] == "state"), None)

    def hello(self):
        """Sends hello, and waits for the viewer's number."""
        self.send(TEXT, b'{"type":"hello"}')
        self.loop.until(20, "a state", lambda: self.texts)

    def ask_parts(self):
        """From now on it gets parts; the second time, a whole packet first."""
        self.send(TEXT, b'{"type":"hello","parts":true}')

    def stats(self, options):
        """The server's statistics of this viewer."""
        for viewer in server_stats(options)["viewer_list"]:
            if viewer["id"] == self.texts[0]["viewer"]:
                return viewer
        raise Wrong("the server doesn't know it")

    def ages(self):
        return [p["at"] - p["captured"] for p in self.pictures]


def server_stats(options):
    url = options.url.replace("ws://", "http://").rsplit("/", 1)[0] + "/stats"
    with urllib.request.urlopen(url, timeout=100) as answer:
        return json.load(answer)


def memory(pid):
    """Private memory of a process in KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return {k: int(v.split()[0]) for k, v in (l.split(":") for l in file if l[:4] in ("Rss:", "Pss:"))}


def follows(loop, viewers, seconds):
    """Share of packets received within this time, counted from each viewer's first one."""
    starts = [len(v.pictures) for v in viewers]
    loop.run(seconds)
    got = there = 0
    for viewer, start in zip(viewers, starts):
        seqs = viewer.seqs[start:]
        check(len(seqs) > 1, "a viewer got", len(seqs), "pictures in", seconds, "s")
        got += len(seqs)
        there += seqs[-1] - seqs[0] + 1
    return got, there


def stand_still(loop, options):
    """Ends the writer of the scene. Returns the number of the last packet."""
    os.kill(options.writer, signal.SIGTERM)
    last, newest = -1, 0
    while last != newest:
        last = newest
        loop.run(0.5)
        newest = server_stats(options)["newest"]["seq"]
    return newest


def crowd(loop, options, normal):
    """Measures the normal viewers, alone and beside slow ones, alternately. Returns the last slow ones
    and the memory of the server."""
    seconds, turns = options.seconds, 4
    alone, beside = [0, 0], [0, 0]
    ages, behind_ages, normal_ages, sizes, rss = [], [], [], [], []
    for turn in range(turns):
        for total, others in (alone, False), (beside, True):
            slow = []
            if others:
                slow = [Viewer(loop, options.url, rate=1e6), Viewer(loop, options.url, shows=1e6),
                        Viewer(loop, options.url, rate=0)]
                loop.until(30, "the throttled ones", lambda: slow[0].seqs and slow[1].seqs)
            for v in normal:
                v.seqs.clear()
                v.pictures.clear()
            got, there = follows(loop, normal, seconds / turns / (1 if others else 2))
            total[0] += got
            total[1] += there
            if others:
                sizes += [p["bytes"] for p in slow[0].pictures]
                ages += slow[0].ages()
                behind_ages += slow[1].ages()
                normal_ages += [a for v in normal for a in v.ages()]
                rss.append(memory(options.pid)["Rss"])
                if turn < turns - 1:
                    for v in slow:
                        v.close()
    share = (beside[0] / beside[1]) / (alone[0] / alone[1])
    late, normal_late = quantile(ages, 0.95), quantile(normal_ages, 0.95)
    behind_late = quantile(behind_ages, 0.95)
    print(f"alone {alone[0]} of {alone[1]}, beside {beside[0]} of {beside[1]}: {share:.4f}")
    print(f"throttled: {len(ages)} pictures of {sum(sizes) / len(sizes) / 1000:.0f} kB,",
          f"age p50 {quantile(ages, .5):.3f} p95 {late:.3f} max {max(ages):.3f} s")
    print(f"behind a proxy: {len(behind_ages)} pictures,",
          f"age p50 {quantile(behind_ages, .5):.3f} p95 {behind_late:.3f} max {max(behind_ages):.3f} s")
    print(f"normal: age p50 {quantile(normal_ages, .5):.3f} p95 {normal_late:.3f} s")
    print(f"server: {rss} KiB")
    check(sum(sizes) / len(sizes) * 20 > 1e6, "1 MB/s is enough for these pictures")
    # If even viewers that read everything at once get old packets, the machine is slow: by as much per
    # switch between the processes.
    limit = 0.3 + 5 * max(0.0, normal_late - 0.02)
    wrong = []
    if share < 0.95:
        wrong.append(f"the normal ones got {share} of what they get alone")
    if late > limit:
        wrong.append(f"the throttled one's packets are {late} s old, more than {limit}")
    # A path that hides its low rate until acknowledgements come late may be slower.
    if behind_late > 2 * limit:
        wrong.append(f"those behind a proxy are {behind_late} s old, more than twice {limit}")
    return slow, rss, wrong


def scene_crowd(options):
    """14 normal viewers, alone and beside one that never reads, one that reads 1 MB/s and one that
    shows 1 MB/s. The load of a machine differs between two periods: a measurement may be repeated."""
    loop = Loop()
    normal = [Viewer(loop, options.url) for _ in range(14)]
    loop.until(30, "pictures for all", lambda: all(len(v.seqs) > 30 for v in normal))
    rss = []
    for attempt in range(8):
        if attempt:
            for v in slow:
                v.close()
        slow, more, wrong = crowd(loop, options, normal)
        rss += more
        if not wrong:
            break
    check(not wrong, wrong)
    check(options.sanitized or max(rss) - rss[0] <= 1024, "memory grew:", rss)
    # the scene has stopped: every viewer that reads gets the last packet
    reading = normal + slow[:2]
    newest = stand_still(loop, options)
    loop.until(20, "all viewers on the last packet", lambda: all(v.seqs[-1] == newest for v in reading))


def keeps_up(viewer, options):
    """Waits until the viewer keeps up. A machine that is slow for a moment closes a window too."""
    for _ in range(20):
        got, there = follows(viewer.loop, [viewer], options.seconds)
        print(f"{got} of {there}")
        if got >= 0.95 * there:
            return
    raise Wrong(f"it doesn't follow: {viewer.stats(options)}")


def scene_far(options):
    """Every acknowledgement is 200 ms late, as over a long path: the viewer still keeps up. When the
    path gets slow, the window closes."""
    loop = Loop()
    far = Viewer(loop, options.url, late=0.2)
    far.hello()
    loop.run(2)
    keeps_up(far, options)
    state = far.stats(options)
    print(f"window {state['window']}, round trip {state['srtt_ms']:.0f} ms")
    check(state["srtt_ms"] >= 200, state)
    wide = state["window"]
    check(4 <= wide <= 16, state)
    each = 0.2
    far.late, far.shows = 0, far.pictures[-1]["bytes"] / each
    far.pictures.clear()
    loop.until(40, "a narrow window",
               lambda: len(far.pictures) > 8 and max(far.ages()[-8:]) < 0.6 * wide * each)
    print(f"window {far.stats(options)['window']}, age {far.ages()[-1]:.2f} s")


def scene_longer(options):
    """The path gets longer: this looks like a queue at first, but not for ever."""
    loop = Loop()
    viewer = Viewer(loop, options.url, late=0.05)
    viewer.hello()
    loop.until(20, "pictures", lambda: len(viewer.seqs) > 20)
    viewer.late = 0.3
    loop.until(20, "a closed window", lambda: viewer.stats(options)["window"] == 1)
    keeps_up(viewer, options)
    print(viewer.stats(options)["window"])


def scene_silent(options):
    """A viewer that stops acknowledging gets its window, and then probes; the next acknowledgement
    resumes normal operation."""
    loop = Loop()
    viewer = Viewer(loop, options.url)
    viewer.hello()
    loop.until(20, "pictures", lambda: len(viewer.seqs) >= 30)
    viewer.acks = 0
    before = len(viewer.seqs)
    state = {}

    def full():  # well before the time of a probe
        state.update(viewer.stats(options))
        return state["window"] == state["in_flight"]

    loop.until(20, "a full window", full)
    loop.until(20, "all in the window", lambda: len(viewer.seqs) - before >= state["in_flight"])
    in_window = len(viewer.seqs) - before
    check(1 <= in_window <= state["window"], in_window, state)
    loop.until(20, "two probes", lambda: len(viewer.seqs) - before >= in_window + 2)
    took = viewer.pictures[-1]["at"] - viewer.pictures[-2]["at"]
    check(took > 3, "the second probe came after", took, "s")
    # acknowledgements of unsent packets have no effect
    viewer.ack(1 << 60)
    viewer.ack(0)
    count = len(viewer.seqs)
    viewer.ack(viewer.seqs[-1])
    # a page that draws only the newest skips some: earlier ones count as shown
    viewer.acks = 2
    loop.until(20, "pictures again", lambda: len(viewer.seqs) >= count + 60)
    state = viewer.stats(options)
    check(state["ignored"] == 2, state)
    print(f"window {in_window}, second probe after {took:.1f} s")


def scene_plain(options):
    """A viewer that never acknowledges gets every packet that its connection takes."""
    loop = Loop()
    viewer = Viewer(loop, options.url, acks=0)
    viewer.hello()
    loop.until(20, "more than any window", lambda: len(viewer.seqs) > 17)
    keeps_up(viewer, options)
    state = viewer.stats(options)
    check(state["window"] is None and state["in_flight"] is None and state["srtt_ms"] is None, state)


def scene_idle(options):
    """Memory of an idle viewer."""
    loop = Loop()
    first = [Viewer(loop, options.url) for _ in range(8)]
    loop.until(20, "a picture", lambda: all(v.seqs for v in first))
    stand_still(loop, options)
    before = memory(options.pid)
    viewers = first + [Viewer(loop, options.url) for _ in range(options.viewers)]
    loop.until(60, "a picture for all", lambda: all(v.seqs for v in viewers))
    check(server_stats(options)["viewers"] == len(viewers), "viewers are missing")
    after = memory(options.pid)
    for kind in "Rss", "Pss":
        each = (after[kind] - before[kind]) * 1024 / options.viewers
        print(f"{kind}: {each:.0f} bytes a viewer, {before[kind]} to {after[kind]} KiB")
        check(options.sanitized or each <= 48 * 1024, "too many:", each)


class Rungs:
    """A slow viewer, a fast one, and a slow one that never acknowledges; the last two are not
    moved."""

    def __init__(self, options):
        self.options, self.loop = options, Loop()
        self.name = options.url.split("/")[-2]
        self.slow = Viewer(self.loop, options.url)
        self.normal = Viewer(self.loop, options.url)
        self.plain = Viewer(self.loop, options.url, rate=options.rate, acks=0)
        self.slow.hello()
        self.more(10)
        self.slow.rate = options.rate

    def shown(self):
        """The stream that the slow viewer is shown."""
        streams = [v["stream"] for v in server_stats(self.options)["viewer_list"]]
        check(len(streams) == 3, "a viewer has gone")
        check(streams.count(self.name) >= 2, "more than the slow one moved")
        return next((s for s in streams if s != self.name), self.name)

    def moves(self, seconds, what, there):
        self.loop.until(seconds, what, lambda: there(self.shown()))

    def more(self, pictures):
        count = len(self.slow.seqs)
        self.loop.until(20, "pictures", lambda: len(self.slow.seqs) >= count + pictures)


def scene_ladder(options):
    """A slow viewer is shown the lower stream, and the upper one again when it reads faster, or when
    the lower one is removed."""
    rungs = Rungs(options)
    name, slow = rungs.name, rungs.slow
    rungs.moves(30, "the move down", lambda s: s != name)
    lower = rungs.shown()
    rungs.more(10)
    slow.send(TEXT, b'[{"type":"key_down","key":"below"},{"type":"ping","t":1}]') # the pong has been sent
    small = [p["bytes"] for p in slow.pictures[-8:]]
    large = [p["bytes"] for p in rungs.normal.pictures[-8:]]
    check(max(small) * 2 < min(large), "unclear which stream", small, large)
    check(rungs.shown() == lower, "it was moved")
    slow.rate = None
    rungs.moves(60, "the move up", lambda s: s == name)
    rungs.more(30)
    # the lower packet is old, and the encoder takes time to wake up
    os.kill(options.encoder, signal.SIGSTOP)
    slow.rate = options.rate
    rungs.moves(30, "the second move down", lambda s: s == lower)
    rungs.loop.run(1)
    os.kill(options.encoder, signal.SIGCONT)
    rungs.more(3)
    subprocess.run(["shm-rm", "-f", lower], check=True)
    rungs.moves(10, "the move up from a removed stream", lambda s: s == name)
    slow.rate = None
    rungs.more(30)
    states = [(t["stream"], t["ladder"]) for t in slow.texts if t["type"] == "state"]
    moves = [s for i, (s, _) in enumerate(states) if i == 0 or states[i - 1][0] != s]
    check(moves[:3] == [name, lower, name] and moves[-1] == name, moves)
    check(all(ladder == [name, lower] for _, ladder in states[:3]), states)
    for large in True, False:
        seqs = [p["seq"] for p in slow.pictures if (p["bytes"] > 2 * max(small)) == large]
        check(seqs == sorted(set(seqs)), "pictures went back")
    # a state message with the stream goes before its packets
    check(all((p["bytes"] > 2 * max(small)) == (p["stream"] == name) for p in slow.pictures
              if p["stream"]), "packets of another stream than announced")
    # Only its socket limits a viewer that never acknowledges. The normal viewer's delay is the machine's.
    late, normal_late = (quantile(v.ages()[5:], 0.5) for v in (rungs.plain, rungs.normal))
    check(late < 1.5 + 5 * max(0.0, normal_late - 0.02),
          "packets queue for a viewer that never acknowledges:", late, "s, the normal one's:", normal_late)
    frames = [p["frame"] for p in slow.pictures]
    check(frames == sorted(frames), "time went back")
    print("moves", moves, "ages", f"{quantile(slow.ages(), .5):.3f} {quantile(slow.ages(), .95):.3f}")


def scene_rung(options):
    """A stream without a writer is skipped, and left when its encoder dies."""
    rungs = Rungs(options)
    name = rungs.name
    for _ in range(5):
        rungs.loop.run(1)
        check(rungs.shown() == name, "it was moved to a stream without a writer")
    # Every premature move up makes the time before the next one longer, which does not apply when the
    # stream has no writer.
    for _ in range(options.times):
        encoder = subprocess.Popen(["shm-encode", "-q", "10", "-r", "10", "-o", options.lower, name])
        rungs.moves(30, "the move down", lambda s: s == options.lower)
        rungs.more(3)
        encoder.kill()
        encoder.wait()
        began = time.monotonic()
        rungs.moves(60, "the move up", lambda s: s == name)
        print(f"moved up after {time.monotonic() - began:.1f} s")
        rungs.more(10)


class Painter:
    """Writes pictures of noise in which squares change."""

    def __init__(self, options):
        width, height = map(int, options.size.split("x"))
        self.width, self.chance = width, random.Random(1)
        self.frame = bytearray(self.chance.randbytes(width * height))
        self.writer = subprocess.Popen(["shm-write", "-s", options.size, "-f", "gray8",
                                        options.url.split("/")[-2]], stdin=subprocess.PIPE)

    def show(self):
        self.writer.stdin.write(self.frame)
        self.writer.stdin.flush()

    def change(self):
        left, top = self.chance.randrange(self.width - 20), self.chance.randrange(20)
        for row in range(top, top + 20):
            at = row * self.width + left
            self.frame[at : at + 20] = self.chance.randbytes(20)
        self.show()

    def end(self):
        self.writer.stdin.close()
        check(self.writer.wait() == 0, "shm-write failed")


def scene_parts(options):
    """Only viewers that ask get parts, all of them the same bytes; sharp packets hold up no other."""
    loop, painter = Loop(), Painter(options)
    viewers = [Viewer(loop, options.url, parts=parts) for parts in (True, True, False)]
    one, two, plain = viewers

    def all_have(frame, sharp=False):
        """Waits until all viewers have a packet of this frame or a later one, or two of them."""
        loop.until(20, f"frame {frame}{' twice' if sharp else ''} for all", lambda: all(
            sum(p["frame"] >= frame for p in v.pictures) > sharp for v in viewers))

    def change(sharp=False):
        frame = one.pictures[-1]["frame"] + 1
        painter.change()
        all_have(frame, sharp)

    painter.show()
    all_have(1)
    check(all(v.pictures[0]["part"] is None for v in viewers), "the first packet is not whole")
    loop.until(20, "parts", lambda: change() or one.pictures[-1]["part"] and two.pictures[-1]["part"])
    sums = {p["seq"]: p["sum"] for p in two.pictures}
    last = one.pictures[-1]
    check(last["sum"] == sums[last["seq"]], "two viewers get different parts")
    whole = plain.pictures[-1]["bytes"]
    check(last["bytes"] * 4 < whole, "parts of", last["bytes"], "bytes, the whole has", whole)

    change(sharp=True)  # after a while a sharp packet of the same frame
    change(sharp=True)
    last, whole = one.pictures[-1], plain.pictures[-1]["bytes"]
    check(last["part"] and last["bytes"] * 4 < whole, "the second sharp packet:", last, "the whole has", whole)

    count = len(one.pictures)
    one.ask_parts()  # again: it gets both packets of this frame whole
    loop.until(20, "two packets", lambda: len(one.pictures) > count + 1)
    check(not any(p["part"] for p in one.pictures[count:]), "parts for a viewer that has nothing")

    # with a packet in flight no sharp one comes, but for a probe after two seconds
    two.acks = 0
    change()
    held = two.pictures[-1]
    loop.until(20, "a sharp packet", lambda: [p["frame"] for p in one.pictures].count(held["frame"]) > 1)
    for p in two.pictures:
        check(p["seq"] <= held["seq"] or p["at"] - held["at"] > 1.9, "a sharp packet was in the way", p)
    two.ack(two.seqs[-1])
    two.acks = 1
    all_have(held["frame"], sharp=True)

    # a new viewer gets the small packet first
    late = Viewer(loop, options.url)
    loop.until(20, "two packets", lambda: len(late.seqs) > 1)
    check(late.seqs == one.seqs[-2:], "a new viewer got", late.seqs, "not", one.seqs[-2:])

    frame = one.pictures[-1]["frame"]
    painter.show()  # without a change
    all_have(frame + 1)
    last = one.pictures[-1]
    check(last["part"] == "0/0" and last["bytes"] < 2000, "nothing has changed, but", last)

    check(not any(p["part"] for p in plain.pictures), "a viewer gets parts that has not asked")
    stats = server_stats(options)
    for viewer, known in zip(viewers, sorted(stats["viewer_list"], key=lambda v: v["id"])):
        parts = sum(p["part"] is not None for p in viewer.pictures)
        check(known["parts"] == parts, "it counts", known["parts"], "not", parts)
        check(known["bytes"] == sum(p["bytes"] for p in viewer.pictures), "bytes", known)
    check(stats["sent"]["parts"] == sum(v["parts"] for v in stats["viewer_list"]), stats["sent"])
    painter.end()


def scene_still(options):
    """A sharp packet that waits until nothing is in flight does not open the window."""
    loop, painter = Loop(), Painter(options)
    viewer = Viewer(loop, options.url, parts=True, late=0.5)
    painter.show()
    for frame in range(1, 6):
        loop.until(20, f"frame {frame} twice, acknowledged", lambda: [
            p["frame"] for p in viewer.pictures].count(frame) >= 2 and viewer.stats(options)["in_flight"] == 0)
        painter.change()
    window = viewer.stats(options)["window"]
    check(window <= 2, "the window is", window)
    painter.end()


def scene_again(options):
    """A viewer that requests a whole packet gets it though it has acknowledged none of those in flight."""
    loop, painter = Loop(), Painter(options)
    viewer = Viewer(loop, options.url, parts=True)
    painter.show()
    loop.until(20, "a packet, acknowledged", lambda: viewer.seqs and viewer.stats(options)["in_flight"] == 0)
    viewer.acks = 0

    def stuck():
        known = viewer.stats(options)
        return known["in_flight"] > known["window"] + 1  # two probes, the next one after 8 s

    loop.until(20, "two probes", lambda: painter.change() or stuck())
    count, at = len(viewer.pictures), time.monotonic()
    viewer.ask_parts()
    loop.until(20, "a packet", lambda: len(viewer.pictures) > count)
    whole = viewer.pictures[count]
    check(whole["part"] is None and whole["at"] - at < 6, "no whole packet at once:", whole["at"] - at, whole)
    painter.end()


def scene_many(options):
    """--viewers at once, for --seconds or until stdin ends; the number of packets they got."""
    loop = Loop()
    viewers = [Viewer(loop, options.url, parts=options.parts) for _ in range(options.viewers)]
    loop.until(60, "pictures for all", lambda: all(len(v.seqs) > 2 for v in viewers))
    print("ready", flush=True)
    got, there = follows(loop, viewers, options.seconds)
    print(f"{got} of {there}")


def main():
    scenes = {n[6:]: f for n, f in globals().items() if n.startswith("scene_")}
    p = argparse.ArgumentParser(description=__doc__)
    add = p.add_argument
    add("scene", choices=scenes)
    add("--url", required=True)
    add("--seconds", type=float, default=3)
    add("--rate", type=float, default=6e5, help="bytes per second that a slow viewer reads")
    add("--times", type=int, default=1, help="number of repetitions")
    add("--viewers", type=int, default=64)
    add("--parts", action="store_true", help="ask for parts of packets")
    add("--size", default="320x200", help="of the painted pictures")
    add("--encoder", type=int, help="pid of the lower stream's encoder")
    add("--lower", metavar="NAME", help="name of the lower stream")
    add("--pid", type=int, help="pid of ws-serve")
    add("--writer", type=int, help="pid of the scene's writer")
    add("--sanitized", action="store_true", help="ws-serve has sanitizers: do not check its memory")
    options = p.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        scenes[options.scene](options)
    except (Wrong, OSError, KeyError, ValueError) as e:
        print(f"ws-viewers {options.scene}: {e!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
