#!/usr/bin/python3
"""Viewers over WebRTC, as a program that isn't a browser: aiortc's.

rtc-client.py URL WORD...   one viewer of the stream's page at URL, which does what the words say:
    TEXT that begins with { is sent over the data channel, "open" waits for that channel, "frames=N"
    for N decoded pictures, "text=PART" for a message with that in it (printed), "like=FILE" for a
    picture that is FILE's (PNM) as video can show it (with PADDED set it may be padded), "do=COMMAND"
    runs that in a shell, "pli=N" asks for a keyframe N times, "remb=KBIT" says from now on that so
    much gets through, "all" prints all messages until it is ended, "stats" prints what the server
    says, "go" deletes the call, "vanish" ends at once without a word, "stay" does nothing until the
    server ends it.
rtc-client.py --crowd COUNT URL   that many, four at a time; each sees a picture and goes.
Exit: 0, or 1 with a line on stderr: not in time, or not answered; the status is in the line.
"""
import asyncio
import json
import os
import sys
import traceback
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
from PIL import Image

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, pack_remb_fci

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from pattern import to_yuv

SECONDS = 20
ALIKE = 33  # dB
PADDED = 16 if os.environ.get("PADDED") else 1  # by less than this may a picture be larger


def alike(frame, planes):
    """Are the frame's planes so? But for what aiortc's decoder leaves out: the last row of colour of
    an odd height."""
    for i, (got, want) in enumerate(zip(frame.planes, planes)):
        rows = frame.height // 2 if i else frame.height
        samples = np.frombuffer(got, np.uint8).reshape(-1, got.line_size)[:rows, : got.width]
        # What was made up is like the edge.
        want = np.pad(want, [(0, max(0, a - b)) for a, b in zip(samples.shape, want.shape)], "edge")
        if rows and 255**2 < 10 ** (ALIKE / 10) * np.mean((samples.astype(np.float64) - want[:rows]) ** 2):
            return False
    return True


def request(url, method="GET", body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if os.environ.get("TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=SECONDS)


class Viewer:
    def __init__(self, url):
        self.url = url
        self.pc = RTCPeerConnection()
        self.opened, self.closed, self.came = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.texts, self.track, self.location = [], None, None
        self.kbit = self.telling = None

    async def call(self, channel=True):
        pc = self.pc
        pc._sctpLegacySdp = False
        pc.addTransceiver("video", direction="recvonly")
        pc.on("track", lambda track: setattr(self, "track", track))
        if channel:
            self.channel = pc.createDataChannel("events")
            self.channel.on("open", self.opened.set)
            self.channel.on("message", self.hear)
            self.channel.on("close", self.closed.set)
        pc.on("connectionstatechange", self.state)
        await pc.setLocalDescription(await pc.createOffer())
        offer = pc.localDescription.sdp.encode()
        reply = await asyncio.to_thread(request, self.url + "whep", "POST", offer, Content_Type="application/sdp")
        self.location = urllib.parse.urljoin(self.url + "whep", reply.headers["Location"])
        answer = reply.read().decode()
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        if not self.track:
            raise ValueError("no video in " + answer)

    def hear(self, text):
        self.texts.append(text)
        self.came.set()

    def state(self):
        if self.pc.connectionState in ("closed", "failed"):
            self.closed.set()

    async def text(self, part):
        while True:
            while self.texts:
                text = self.texts.pop(0)
                if part in text:
                    return text
            self.came.clear()
            await self.came.wait()

    async def like(self, name):
        with Image.open(name) as picture:
            want = to_yuv(np.asarray(picture.convert("RGB"), dtype=np.float64), 2, 2)
        while True:
            frame = await self.track.recv()
            sides = (frame.height, frame.width), want[0].shape
            if all(0 <= a - b < PADDED for a, b in zip(*sides)) and alike(frame, want):
                return

    @property
    def receiver(self):
        return self.pc.getTransceivers()[0].receiver

    @property
    def ssrc(self):
        return self.receiver.getSynchronizationSources()[0].source

    async def tell(self):
        self.receiver._RTCRtpReceiver__remote_bitrate_estimator = None  # from now on ours alone
        while True:
            fci = pack_remb_fci(self.kbit * 1000, [self.ssrc])
            await self.receiver._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
            await asyncio.sleep(0.3)

    async def go(self):
        await asyncio.to_thread(request, self.location, "DELETE")

    async def do(self, word):
        if word.startswith("{"):
            self.channel.send(word)
        elif word == "open":
            await self.opened.wait()
        elif word.startswith("frames="):
            for _ in range(int(word[7:])):
                await self.track.recv()
        elif word.startswith("text="):
            print(await self.text(word[5:]))
        elif word.startswith("like="):
            await self.like(word[5:])
        elif word.startswith("do="):
            done = await asyncio.create_subprocess_shell(word[3:])
            assert await done.wait() == 0, word
        elif word.startswith("pli="):
            for _ in range(int(word[4:])):
                await self.receiver._send_rtcp_pli(self.ssrc)
        elif word.startswith("remb="):
            self.kbit = int(word[5:])
            self.telling = self.telling or asyncio.create_task(self.tell())
        elif word == "all":
            while True:
                print(await self.text(""), flush=True)
        elif word == "stats":
            print(json.dumps(json.load(await asyncio.to_thread(request, self.url + "stats"))))
        elif word == "go":
            await self.go()
        elif word == "stay":
            await self.closed.wait()
        elif word == "vanish":
            sys.stdout.flush()
            os._exit(0)
        else:
            raise ValueError(word)


async def one(url, words):
    viewer = Viewer(url)
    await asyncio.wait_for(viewer.call("nochannel" not in words), SECONDS)
    for word in words:
        if word != "nochannel":
            await asyncio.wait_for(viewer.do(word), 120 if word in ("stay", "all") or word.startswith("frames=") else SECONDS)
            sys.stdout.flush()


async def passer_by(url):
    viewer = Viewer(url)
    await asyncio.wait_for(viewer.call(), SECONDS)
    await asyncio.wait_for(viewer.do("frames=1"), SECONDS)
    await viewer.go()
    try:
        await asyncio.wait_for(viewer.pc.close(), 1)
    except asyncio.TimeoutError:
        pass


async def crowd(url, count):
    left = iter(range(count))

    async def some():
        for _ in left:
            await passer_by(url)

    await asyncio.gather(*(some() for _ in range(4)))


def main():
    try:
        if sys.argv[1] == "--crowd":
            asyncio.run(crowd(sys.argv[3], int(sys.argv[2])))
        else:
            asyncio.run(one(sys.argv[1], sys.argv[2:]))
        status = 0
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode().strip(), file=sys.stderr)
        status = 1
    except asyncio.TimeoutError:
        print("not within the time", file=sys.stderr)
        status = 1
    except Exception:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    os._exit(status)  # aiortc's own end may wait for ever for an answer of who has gone


if __name__ == "__main__":
    main()
