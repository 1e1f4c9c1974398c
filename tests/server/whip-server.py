#!/usr/bin/python3
"""A WHIP endpoint (RFC 9725) for tests: it receives with aiortc, or hands the offer to Janus.

whip-server.py OPTION...
    --bind ADDRESS    instead of 127.0.0.1
    --port N          port; by default a free one
    --token TOKEN     refuses requests without it (401)
    --refuse STATUS   refuses each offer
    --down            leads from https to http
    --passive         lets the client begin the DTLS handshake
    --link VALUE      sends this Link header too; may be repeated
    --trickle         wants further candidates
    --tls CERT KEY    https
    --like FILE       compares the pictures with FILE (PNM)
    --janus URL       publishes in room 1 of Janus' VideoRoom, and lets two aiortc viewers subscribe
Offers to /start are redirected to /rooms/1/whip by a relative Location.
Prints "port N", each request as "METHOD PATH STATUS", for each session "frames" after 10 pictures and "like"
after one that is equal to FILE, "candidate" for each of a PATCH; with --janus each viewer does. Ends with
SIGTERM.
"""
import argparse
import asyncio
import http.server
import importlib.util
import json
import os
import ssl
import sys
import threading
import urllib.request

import numpy as np
from PIL import Image

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))
from pattern import to_yuv

spec = importlib.util.spec_from_file_location("rtc_client", os.path.join(HERE, "rtc-client.py"))
rtc_client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rtc_client)

SECONDS = 60  # ends a hang, measures nothing
ETAG = '"first"'


def say(*words):
    print(*words, flush=True)


def wanted(name):
    with Image.open(name) as picture:
        return to_yuv(np.asarray(picture.convert("RGB"), dtype=np.float64), 2, 2)


async def watch(track, want, viewer=()):
    """Reports the pictures of a track."""
    count = 0
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:  # the end
            return
        count += 1
        if count == 10:
            say("frames", *viewer)
        if want and (frame.height, frame.width) == want[0].shape and rtc_client.alike(frame, want):
            say("like", *viewer)
            want = None


class Receiver:
    """A session that receives with aiortc."""

    def __init__(self, options):
        self.options, self.pc = options, RTCPeerConnection()

    async def answer(self, offer):
        pc = self.pc
        want = self.options.like and wanted(self.options.like)
        pc.on("track", lambda track: asyncio.ensure_future(watch(track, want)))
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        if self.options.passive:
            pc.getTransceivers()[0]._transport._set_role("server")
        await pc.setLocalDescription(await pc.createAnswer())
        answer = pc.localDescription.sdp
        if self.options.trickle:
            answer = answer.replace("a=mid:", "a=ice-options:trickle\r\na=mid:", 1)
        return answer

    async def close(self):
        await self.pc.close()


class Janus:
    """A session that publishes in Janus' VideoRoom, by its HTTP API, with two viewers."""

    def __init__(self, options):
        self.url, self.options, self.count, self.viewers = options.janus, options, 0, []

    def post(self, path, **body):
        self.count += 1
        body["transaction"] = str(self.count)
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=SECONDS) as reply:
            return json.load(reply)

    def attach(self):
        """A session with a handle of the VideoRoom; its path, and a function that waits for its event with SDP."""
        session = f"/{self.post('', janus='create')['data']['id']}"
        handle = f"{session}/{self.post(session, janus='attach', plugin='janus.plugin.videoroom')['data']['id']}"

        def event():
            while True:
                with urllib.request.urlopen(self.url + session + "?maxev=1", timeout=SECONDS) as reply:
                    got = json.load(reply)
                for one in got if isinstance(got, list) else [got]:
                    if one.get("jsep"):
                        return one
                    error = one.get("plugindata", {}).get("data", {}).get("error")
                    if error:
                        raise RuntimeError(error)
        return handle, event

    def message(self, handle, jsep=None, **body):
        more = {"jsep": jsep} if jsep else {}
        return self.post(handle, janus="message", body=body, **more)

    async def answer(self, offer):
        self.handle, event = await asyncio.to_thread(self.attach)
        await asyncio.to_thread(self.message, self.handle, {"type": "offer", "sdp": offer},
                                request="joinandconfigure", ptype="publisher", room=1, id=7)
        got = await asyncio.to_thread(event)
        asyncio.ensure_future(self.subscribe())
        return got["jsep"]["sdp"]

    async def subscribe(self):
        want = self.options.like and wanted(self.options.like)
        for viewer in "ab":
            handle, event = await asyncio.to_thread(self.attach)
            while True:
                await asyncio.to_thread(self.message, handle, request="join", ptype="subscriber", room=1,
                                        streams=[{"feed": 7}])
                try:
                    got = await asyncio.to_thread(event)
                    break
                except RuntimeError:  # Janus has no media of the publisher yet
                    await asyncio.sleep(0.2)
            pc = RTCPeerConnection()
            self.viewers.append(pc)
            pc.on("track", lambda track, viewer=viewer: asyncio.ensure_future(watch(track, want, [viewer])))
            await pc.setRemoteDescription(RTCSessionDescription(got["jsep"]["sdp"], "offer"))
            await pc.setLocalDescription(await pc.createAnswer())
            await asyncio.to_thread(self.message, handle,
                                    {"type": "answer", "sdp": pc.localDescription.sdp}, request="start")

    async def close(self):
        for pc in self.viewers:
            await pc.close()
        await asyncio.to_thread(self.post, self.handle, janus="hangup")


def serve(options, loop):
    sessions = {}

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, status, body=b"", **headers):
            say(self.command, self.path, status)
            self.send_response(status)
            for name, value in headers.items():
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name.replace("_", "-"), one)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def body(self):
            return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

        def admitted(self):
            if options.token and self.headers.get("Authorization") != "Bearer " + options.token:
                self.reply(401, WWW_Authenticate="Bearer")
                return False
            return True

        def do_POST(self):
            offer = self.body()
            if not self.admitted():
                return
            if self.headers.get("Content-Type") != "application/sdp" or not offer.startswith("v=0"):
                self.reply(415)
            elif options.refuse:
                self.reply(options.refuse, Retry_After="1")
            elif options.down:
                self.reply(307, Location="http://127.0.0.1/")
            elif self.path == "/start":
                self.reply(307, Location="rooms/1/./x/../whip")
            else:
                session = (Janus if options.janus else Receiver)(options)
                answer = run(session.answer(offer)).encode()
                name = f"s{len(sessions)}"
                sessions[name] = session
                self.reply(201, answer, Content_Type="application/sdp", ETag=ETAG,
                           Location="../sessions/" + name, Link=options.link)

        def do_PATCH(self):
            fragment = self.body()
            if not self.admitted():
                return
            if self.headers.get("Content-Type") != "application/trickle-ice-sdpfrag":
                self.reply(415)
            elif self.headers.get("If-Match") != ETAG:
                self.reply(412)
            else:
                for line in fragment.splitlines():
                    if line.startswith("a=candidate:"):
                        say("candidate", *line.split()[4:8])
                self.reply(204)

        def do_DELETE(self):
            if not self.admitted():
                return
            session = sessions.pop(os.path.basename(self.path), None)
            if session:
                run(session.close())
            self.reply(200 if session else 404)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((options.bind, options.port), Handler)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    say("port", server.server_address[1])
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    for name in "--token", "--like", "--janus":
        parser.add_argument(name)
    for name in "--down", "--passive", "--trickle":
        parser.add_argument(name, action="store_true")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--refuse", type=int)
    parser.add_argument("--link", action="append", default=[])
    parser.add_argument("--tls", nargs=2)
    options = parser.parse_args()
    loop = asyncio.new_event_loop()
    threading.Thread(target=serve, args=(options, loop), daemon=True).start()
    loop.run_forever()


if __name__ == "__main__":
    main()
