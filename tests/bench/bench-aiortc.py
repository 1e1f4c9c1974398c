#!/usr/bin/python3
"""bench-aiortc.py STREAM: the peer of rtc-serve, built as in FURY 0.12: aiortc with a track and an
encoder for each viewer, 30 frames per second, POST /offer. Sends the stream's newest frames, read in
place (shmcast-stream(5)). Prints its port."""
import asyncio
import mmap
import struct
import sys

import numpy as np
from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame



class Newest(VideoStreamTrack):
    def __init__(self, newest):
        super().__init__()
        self.newest = newest

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame.from_ndarray(self.newest(), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


def attach(name):
    with open(f"/dev/shm/{name}", "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    width, height = struct.unpack_from("<II", memory, LAYOUT["width"])
    frame_bytes, = struct.unpack_from("<Q", memory, LAYOUT["frame_bytes"])
    frames_at, = struct.unpack_from("<Q", memory, LAYOUT["frames_at"])
    data_at, = struct.unpack_from("<Q", memory, LAYOUT["frame_data_at"])

    def newest():
        slot = struct.unpack_from("<Q", memory, frames_at)[0] & 0xFF
        return np.frombuffer(memory, np.uint8, width * height * 3, data_at + slot * frame_bytes).reshape(height, width, 3)

    return newest


# Offsets in the header.
LAYOUT = {"width": 64, "frame_bytes": 88, "frames_at": 112, "frame_data_at": 136}


def main():
    newest = attach(sys.argv[1])
    peers = set()

    async def offer(request):
        offered = await request.json()
        peer = RTCPeerConnection()
        peers.add(peer)
        peer.addTrack(Newest(newest))
        await peer.setRemoteDescription(RTCSessionDescription(offered["sdp"], offered["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        return web.json_response({"sdp": peer.localDescription.sdp, "type": peer.localDescription.type})

    async def serve():
        app = web.Application()
        app.router.add_post("/offer", offer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(site._server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


main()
