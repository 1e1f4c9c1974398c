#!/usr/bin/python3
"""storm.py --kills N [--seed S]: the real programs, killed, stopped and continued at random.

A writer (frame-gen or shm-write with a pipe, at random), shm-encode, ws-serve with WebSocket
viewers, shm-read, event injectors and event readers work on one stream. One of them, chosen at
random, gets SIGKILL and is restarted at once, or gets SIGSTOP and a little later SIGCONT. The seed
determines the choices and is printed; their timing depends on the machine.

Checks of all data received:
  - images from shm-read and of viewers are complete (frame-gen --read finds the same number at the
    top, in the middle and at the bottom; JPEGs decode), with rising numbers while a program runs
  - acknowledged events (exit 0 of the injector) are in the log once and in order, others at most
    once; each reader's lines are those of the log, with no gap that it did not report
  - a restarted program works at once: new frames and packets follow
At the end all programs are ended; none may hold anything and no object may be left.
stdout: a line of counters. Exit: 0; 1 a check failed, with the reason on stderr.
"""
import argparse
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

SIZE = "192x96"


def fail(why):
    print("storm:", why, file=sys.stderr)
    fail.count += 1


fail.count = 0


class Part:
    """One program of the pipeline, which may be killed and started again."""

    def __init__(self, name, argv, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL):
        self.name, self.argv, self.stdout, self.stdin = name, argv, stdout, stdin
        self.errors = tempfile.TemporaryFile()
        self.start()

    def start(self):
        self.stopped = False
        self.process = subprocess.Popen(self.argv, stdin=self.stdin, stdout=self.stdout,
                                        stderr=self.errors, start_new_session=True)

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def end(self):
        os.killpg(self.process.pid, signal.SIGCONT)
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            fail(f"{self.name} does not end")
            self.kill()
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace")
        # A second writer would be refused while the first one is only stopped; this never happens here.
        if text:
            fail(f"{self.name} printed: {text[:600]}")


class Reader(Part):
    """A reader; a thread of its own checks its output."""

    def start(self):
        self.stdout = subprocess.PIPE
        super().start()
        self.checker = threading.Thread(target=self.check, args=(self.process.stdout,))
        self.checker.start()

    def finish(self):
        self.checker.join()


class Frames(Reader):
    """Passes shm-read's PPMs to frame-gen --read; frame=N in the header must rise."""
    seen = 0

    def check(self, pipe):
        reader = subprocess.Popen(["frame-gen", "--read"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        lines = []
        drain = threading.Thread(target=lambda: lines.extend(reader.stdout))
        drain.start()
        last = 0
        while True:
            head = b"".join(pipe.readline() for _ in range(4))
            match = re.match(rb"P6\n# frame=(\d+) .*\n(\d+) (\d+)\n255\n", head)
            if not match:
                if len(head) > 0 and self.process.poll() is None:
                    fail(f"{self.name}: not a PPM: {head[:60]}")
                break
            body = pipe.read(int(match[2]) * int(match[3]) * 3)
            if len(body) < int(match[2]) * int(match[3]) * 3:
                break  # killed while writing
            if int(match[1]) <= last:
                fail(f"{self.name}: frame {int(match[1])} after {last}")
            last = int(match[1])
            reader.stdin.write(head + body)
        reader.stdin.close()
        reader.wait()
        drain.join()
        for line in lines:
            if not re.fullmatch(rb"\d+\n", line):
                fail(f"{self.name}: {line}")
        Frames.seen += len(lines)


class Viewer(Reader):
    """ws-client checks that JPEGs are complete and seq rises; frame numbers are checked here."""
    seen = 0

    def check(self, pipe):
        last = 0
        for line in pipe:
            match = re.match(rb"picture \d+ .*frame=(\d+)", line)
            if match:
                Viewer.seen += 1
                if int(match[1]) < last:
                    fail(f"{self.name}: frame {int(match[1])} after {last}")
                last = int(match[1])


class Injector(threading.Thread):
    """Batches of events, each from an event-inject of its own, which may be killed. Keeps pace with
    the kills, or the log would wrap while a slow machine kills."""
    PER_KILL = 240
    kills = 0

    def __init__(self, stream, number):
        super().__init__()
        self.stream, self.number, self.acknowledged, self.tried = stream, number, [], 0
        self.process, self.over = None, False
        self.lock = threading.Lock()

    def run(self):
        while not self.over:
            if self.tried > self.PER_KILL * Injector.kills:
                time.sleep(0.002)
                continue
            first = self.tried
            self.tried += 20
            keys = [f"{self.number}.{n}" for n in range(first, self.tried)]
            with self.lock:
                self.process = subprocess.Popen(["event-inject", self.stream],
                                                stdin=subprocess.PIPE, start_new_session=True)
            try:
                for key in keys:
                    self.process.stdin.write(f"key_down key={key}\n".encode())
                    self.process.stdin.flush()
            except BrokenPipeError:
                pass
            try:
                self.process.stdin.close()
            except BrokenPipeError:  # What was buffered is lost with the reader.
                pass
            status = self.process.wait()
            if status == 0:
                self.acknowledged += keys
            elif status != -signal.SIGKILL:
                fail(f"event-inject ended with {status}")

    def kill(self):
        with self.lock:
            if self.process and self.process.poll() is None:
                self.process.kill()


class Log(Reader):
    """An event reader. Keeps the number of lines and their digest for each run of the program, to
    compare them with the log at the end: all lines together would grow with the square of kills."""

    def check(self, pipe):
        count, digest, rest = 0, hashlib.sha256(), b""
        while chunk := pipe.read1(1 << 16):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            count += (whole + newline).count(b"\n")
            digest.update(whole + newline)
        self.runs = getattr(self, "runs", [])
        self.runs.append((count, digest.digest()))  # without rest: the last line may be cut off


def stats(stream):
    out = subprocess.run(["shm-ls", "-l", stream], capture_output=True, check=True).stdout.decode()
    return [int(n) for n in re.findall(r"(\d+) published", out)]


def check_progress(stream, channel, name):
    """Waits for new frames or packets, as long as a loaded machine may need."""
    was, deadline = stats(stream)[channel], time.monotonic() + 100
    while stats(stream)[channel] <= was:
        if time.monotonic() > deadline:
            fail(f"{name} was restarted and published nothing")
            return
        time.sleep(0.005)


def check_events(stream, injectors, logs):
    whole = subprocess.run(["event-read", "--from", "start", "-t", "0", stream],
                           capture_output=True).stdout.split(b"\n")[:-1]
    keys = [re.search(rb"key=(\S+)", line)[1].decode() for line in whole]
    for injector in injectors:
        mine = [int(k.split(".")[1]) for k in keys if k.startswith(f"{injector.number}.")]
        if sorted(set(mine)) != mine:
            fail(f"injector {injector.number}: repeated or out of order")
        missing = set(injector.acknowledged) - set(keys)
        if missing:
            fail(f"injector {injector.number}: {len(missing)} acknowledged events are missing")
    for log in logs:
        at, digest = 0, hashlib.sha256()
        for count, run in sorted(log.runs):
            digest.update(b"".join(line + b"\n" for line in whole[at:count]))
            at = count
            if count > len(whole) or run != digest.digest():
                fail(f"{log.name}: {count} lines that differ from the start of the log")
    return len(whole)


def storm(stream, kills, rng):
    server_out = tempfile.NamedTemporaryFile()
    port = free_port()
    writer_argv = [["frame-gen", "-r", "200", "-o", stream],
                   ["bash", "-c", f"exec shm-write {stream} < <(exec frame-gen -s {SIZE} -r 200)"]]
    writer = Part("writer", writer_argv[0])
    encoder = Part("shm-encode", ["shm-encode", "-q", "90", stream])
    server = Part("ws-serve", ["ws-serve", "-p", str(port), stream], stdout=server_out)
    frames = [Frames(f"shm-read {i}", ["shm-read", "-n", "1000000", stream]) for i in range(2)]
    logs = [Log(f"event-read {i}", ["event-read", "--from", "start", stream]) for i in range(2)]
    url = f"ws://127.0.0.1:{port}/ws"
    viewer_argv = [os.path.join(os.path.dirname(__file__), "../server/ws-client.py"), "--until-closed",
                   "--timeout", "60", url]
    wait_port(port)
    viewers = [Viewer(f"viewer {i}", viewer_argv) for i in range(2)]
    injectors = [Injector(stream, number) for number in range(2)]
    for injector in injectors:
        injector.start()
    parts = [writer, encoder, server] + frames + logs + viewers
    done = stops = 0
    while done < kills and not fail.count:
        Injector.kills = done + 1
        victim = rng.choice(parts + injectors)
        if isinstance(victim, Injector):
            victim.kill()
            done += 1
            continue
        if rng.random() < 0.25:
            os.killpg(victim.process.pid, signal.SIGSTOP)
            time.sleep(rng.random() * 0.02)
            os.killpg(victim.process.pid, signal.SIGCONT)
            stops += 1
            continue
        time.sleep(rng.random() * 0.01)
        victim.kill()
        done += 1
        if victim is writer:
            victim.argv = rng.choice(writer_argv)
        if isinstance(victim, Reader):
            victim.finish()
        if victim is server:
            victim.start()
            wait_port(port)
            for viewer in viewers:  # They end with the server, except one that has not connected yet.
                viewer.kill()
                viewer.finish()
                viewer.start()
        else:
            victim.start()
        if victim is writer:
            check_progress(stream, 0, "the writer")
        elif victim is encoder:
            check_progress(stream, 1, "the encoder")
    for injector in injectors:
        injector.over = True
        injector.join()
    for log in logs:  # They must reach the end of the log by themselves.
        log.end()
        log.finish()
    events = check_events(stream, injectors, logs)
    for part in viewers + frames + [server, encoder, writer]:
        if isinstance(part, Viewer):
            part.kill()
        else:
            part.end()
        if isinstance(part, Reader):
            part.finish()
    acknowledged = sum(len(i.acknowledged) for i in injectors)
    tried = sum(i.tried for i in injectors)
    if not (Frames.seen and Viewer.seen and acknowledged):
        fail("a part has received nothing at all")
    print(f"{done} kills, {stops} stops; frames {stats(stream)[0]}, packets {stats(stream)[1]}; "
          f"seen by readers {Frames.seen}, by viewers {Viewer.seen}; events {events} in the log, "
          f"{acknowledged} acknowledged of {tried}")


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    import socket
    deadline = time.monotonic() + 100
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                fail("ws-serve does not listen")
                return
            time.sleep(0.005)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, required=True)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("stream")
    o = options.parse_args()
    print(f"seed {o.seed}")
    # Two slots more than programs that pin at once, so no frame is dropped. The log holds all events.
    events = max(1 << 18, 500 * o.kills)
    subprocess.run(["shm-create", "-s", SIZE, "-n", "8", "-e", str(events), o.stream], check=True)
    try:
        storm(o.stream, o.kills, random.Random(o.seed))
    finally:
        left = subprocess.run(["shm-rm", o.stream], capture_output=True)
        if left.returncode:
            fail(left.stderr.decode())
            subprocess.run(["shm-rm", "-f", o.stream])
    return 1 if fail.count else 0


sys.exit(main())
