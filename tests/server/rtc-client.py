#!/usr/bin/python3
"""WebRTC viewers without a browser, based on aiortc.

rtc-client.py URL WORD...   runs one viewer of the stream's page at URL, which executes the words:
    {...        sends this text over the data channel
    open        waits for the data channel
    frames=N    waits for N decoded frames
    text=PART   waits for a message that contains PART, and prints it
    like=FILE   waits for a frame equal to FILE (PNM), within the precision of video; with PADDED set
                the frame may be padded
    do=COMMAND  runs a shell command
    pli=N       requests a keyframe N times
    sources=N   requests a keyframe N times, each time with another SSRC
    remb=KBIT   reports this bandwidth from now on
    lose=N      ignores every Nth packet of the video from now on
    again=N     waits for N packets that the server sends again
    all         prints all messages until killed
    stats       prints the server's statistics
    go          deletes the session
    vanish      exits at once without closing the connection
    stay        waits until the server ends the connection
    nochannel   offers no data channel
    active      offers to begin the DTLS handshake
    counter     makes an offer that cannot be answered, and answers the server's
rtc-client.py --crowd COUNT URL   runs COUNT viewers, four at a time; each leaves after one frame.
Exit: 0, or 1 with a line on stderr: a timeout, or a refused offer with its status.
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
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, pack_remb_fci

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "support"))
from pattern import to_yuv

SECONDS = 100  # ends a hang, measures nothing
ALIKE = 33  # dB
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "rtc-offer.sdp"), "rb") as file:
    OFFER = file.read()
PADDED = 16 if os.environ.get("PADDED") else 1  # frames may be larger by less than this


def planes_of(name):
    with Image.open(name) as picture:
        return to_yuv(np.asarray(picture.convert("RGB"), dtype=np.float64), 2, 2)


def alike(frame, planes):
    """True if the frame's planes match. aiortc's decoder omits the last chroma row of an odd height,
    which is ignored."""
    for i, (got, want) in enumerate(zip(frame.planes, planes)):
        rows = frame.height // 2 if i else frame.height
        samples = np.frombuffer(got, np.uint8).reshape(-1, got.line_size)[:rows, : got.width]
        # Padding repeats the edge.
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
        self.opened, self.closed, self.received = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.texts, self.track, self.location = [], None, None
        self.kbit = self.reporting = None
        self.again = 0

    def open_channel(self):
        self.channel = self.pc.createDataChannel("events")
        self.channel.on("open", self.opened.set)
        self.channel.on("message", self.receive)
        self.channel.on("close", self.closed.set)

    async def accept_counter_offer(self):
        pc = self.pc
        pc.on("track", lambda track: setattr(self, "track", track))
        pc.on("connectionstatechange", self.state)
        try:
            await asyncio.to_thread(request, self.url + "whep", "POST", OFFER.replace(b"VP8", b"XYZ"),
                                    Content_Type="application/sdp")
            raise ValueError("not refused")
        except urllib.error.HTTPError as error:
            if error.code != 406 or error.headers["Content-Type"] != "application/sdp":
                raise
            self.location = urllib.parse.urljoin(self.url + "whep", error.headers["Location"])
            offer = error.read().decode()
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self.open_channel()
        await pc.setLocalDescription(await pc.createAnswer())
        answer = pc.localDescription.sdp.encode()
        reply = await asyncio.to_thread(request, self.location, "PATCH", answer, Content_Type="application/sdp")
        if reply.status != 204:
            raise ValueError(f"PATCH: {reply.status}")

    async def connect(self, channel=True, active=False):
        pc = self.pc
        pc._sctpLegacySdp = False
        pc.addTransceiver("video", direction="recvonly")
        pc.on("track", lambda track: setattr(self, "track", track))
        if channel:
            self.open_channel()
        pc.on("connectionstatechange", self.state)
        await pc.setLocalDescription(await pc.createOffer())
        offer = pc.localDescription.sdp.replace("setup:actpass", "setup:active" if active else "setup:actpass").encode()
        reply = await asyncio.to_thread(request, self.url + "whep", "POST", offer, Content_Type="application/sdp")
        self.location = urllib.parse.urljoin(self.url + "whep", reply.headers["Location"])
        answer = reply.read().decode()
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        if not self.track:
            raise ValueError("no video in " + answer)

    def receive(self, text):
        self.texts.append(text)
        self.received.set()

    def state(self):
        if self.pc.connectionState in ("closed", "failed"):
            self.closed.set()

    async def text(self, part):
        while True:
            while self.texts:
                text = self.texts.pop(0)
                if part in text:
                    return text
            self.received.clear()
            await self.received.wait()

    async def like(self, name):
        # In threads: large pictures take seconds, in which the server must hear from this viewer.
        want = await asyncio.to_thread(planes_of, name)
        while True:
            frame = await self.track.recv()
            while not self.track._queue.empty():  # only the newest
                frame = await self.track.recv()
            sides = (frame.height, frame.width), want[0].shape
            if all(0 <= a - b < PADDED for a, b in zip(*sides)) and await asyncio.to_thread(alike, frame, want):
                return

    @property
    def receiver(self):
        return self.pc.getTransceivers()[0].receiver

    @property
    def ssrc(self):
        return self.receiver.getSynchronizationSources()[0].source

    async def report_bandwidth(self):
        self.receiver._RTCRtpReceiver__remote_bitrate_estimator = None  # only our own estimate from now on
        while True:
            fci = pack_remb_fci(self.kbit * 1000, [self.ssrc])
            await self.receiver._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
            await asyncio.sleep(0.3)

    def lose(self, every):
        handle, count = self.receiver._handle_rtp_packet, 0
        again = [c.payloadType for c in self.pc.getTransceivers()[0]._codecs if c.name.lower() == "rtx"]

        async def lossy(packet, arrival_time_ms):
            nonlocal count
            if packet.payload_type in again:
                self.again += 1
            else:
                count += 1
                if count % every == 0:
                    return
            await handle(packet, arrival_time_ms)

        self.receiver._handle_rtp_packet = lossy

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
        elif word.startswith("sources="):
            for ssrc in range(1, int(word[8:]) + 1):
                await self.receiver._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=ssrc, media_ssrc=self.ssrc))
        elif word.startswith("remb="):
            self.kbit = int(word[5:])
            self.reporting = self.reporting or asyncio.create_task(self.report_bandwidth())
        elif word.startswith("lose="):
            self.lose(int(word[5:]))
        elif word.startswith("again="):
            while self.again < int(word[6:]):
                await asyncio.sleep(0.05)
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
    if "counter" in words:
        await asyncio.wait_for(viewer.accept_counter_offer(), SECONDS)
    else:
        await asyncio.wait_for(viewer.connect("nochannel" not in words, "active" in words), SECONDS)
    for word in words:
        if word not in ("nochannel", "active", "counter"):
            await asyncio.wait_for(viewer.do(word), 120 if word in ("stay", "all") or word.startswith("frames=") else SECONDS)
            sys.stdout.flush()


async def short_visit(url):
    viewer = Viewer(url)
    await asyncio.wait_for(viewer.connect(), SECONDS)
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
            await short_visit(url)

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
    os._exit(status)  # aiortc's own shutdown can wait forever for a peer that is gone


if __name__ == "__main__":
    main()
