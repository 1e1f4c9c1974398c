#!/usr/bin/python3
"""encode-matrix.py STREAM STREAM2 STREAM3 [FORMAT...]

Writes frames of every format, size and row order to STREAM. Three shm-encode, with one, two and three
threads, write the packets of the three streams. Their JPEGs must have the same bytes. Compares the
images that Pillow, djpeg and ffmpeg decode with the source. Exits 1 with a line for each wrong image.
"""
import io
import re
import subprocess
import sys
import time

import numpy as np
from PIL import Image

CLOSE, FAR = 35, 25  # dB
FORMATS = "gray8 rgb24 bgr24 rgba bgra yuv420p yuv422p yuv444p".split()
SIZES = {(1, 1), (17, 31), (64, 48), (1919, 1079)}
LARGE = {"rgb24", "bgra", "yuv420p", "yuv422p"}  # at the largest size


def picture(w, h):
    """Smooth, so that 4:2:0 loses almost nothing; different in each channel and direction."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    x, y = (x + 0.5) / w, (y + 0.5) / h
    rgb = np.stack([40 + 190 * x, 30 + 80 * y, 220 - 150 * x * y], axis=2)
    return rgb.round().astype(np.uint8)


def psnr(a, b):
    if a.shape != b.shape:
        return -1.0
    mse = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return 99.0 if mse == 0 else 10 * np.log10(255**2 / mse)


def halved(plane, across, down):
    """Means of blocks of samples; blocks at an odd edge have fewer (swscale reads beyond it)."""
    h, w = plane.shape
    plane = np.pad(plane, ((0, h % down), (0, w % across)), mode="edge")
    h, w = plane.shape
    return plane.reshape(h // down, down, w // across, across).mean(axis=(1, 3))


def raw(rgb, fmt, bottom_up):
    """The bytes of the frame; YUV in limited range, BT.601."""
    rows = rgb[::-1] if bottom_up else rgb
    if fmt in ("rgb24", "bgr24"):
        return rows[..., :: 1 if fmt == "rgb24" else -1].tobytes()
    if fmt in ("rgba", "bgra"):
        alpha = np.full(rows.shape[:2] + (1,), 77, np.uint8)
        return np.dstack([rows[..., :: 1 if fmt == "rgba" else -1], alpha]).tobytes()
    if fmt == "gray8":
        return np.ascontiguousarray(rows @ [0.299, 0.587, 0.114]).round().astype(np.uint8).tobytes()
    r, g, b = (rows[..., i].astype(float) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    across, down = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1)}[fmt]
    chroma = [halved(c, across, down) for c in ((b - y) / 1.772, (r - y) / 1.402)]
    planes = [16 + y * 219 / 255] + [128 + c * 224 / 255 for c in chroma]
    return b"".join(p.round().astype(np.uint8).tobytes() for p in planes)


def newest(stream, frame):
    """The JPEG of that frame, as soon as it exists."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        got = subprocess.run(["shm-read", "-f", "jpg", "-t", "10", stream], stdout=subprocess.PIPE)
        shown = re.search(rb"shmcast seq=\d+ frame=(\d+) ", got.stdout[:400])
        if shown and int(shown[1]) == frame:
            return got.stdout
    sys.exit(f"{stream}: frame {frame} never came")


def plain(jpeg):
    """Without its comment, which has the time."""
    comment = re.search(rb"\xff\xfe(..)shmcast ", jpeg, re.DOTALL)
    return jpeg[: comment.start()] + jpeg[comment.start() + 2 + int.from_bytes(comment[1], "big") :]


def by_pillow(jpeg):
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return np.asarray(image)


def by_djpeg(jpeg):
    pnm = subprocess.run(["djpeg", "-pnm"], input=jpeg, stdout=subprocess.PIPE, check=True).stdout
    return np.asarray(Image.open(io.BytesIO(pnm)))


def by_ffmpeg(jpeg):
    command = ["ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", "-f", "mjpeg", "-i", "-"]
    command += ["-f", "image2pipe", "-c:v", "ppm", "-"]
    done = subprocess.run(command, input=jpeg, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode or done.stderr:
        sys.exit(f"ffmpeg: {done.stderr.decode()}")
    return np.asarray(Image.open(io.BytesIO(done.stdout)))


def main(streams, formats):
    frame, wrong = 0, []

    def check(ok, what):
        if not ok:
            wrong.append(what)

    for w, h in sorted(SIZES):
        rgb = picture(w, h)
        gray = np.asarray(Image.fromarray(rgb).convert("L"))
        for fmt in formats:
            if w > 1000 and fmt not in LARGE:
                continue
            for bottom_up in False, True:
                command = ["shm-write", "-s", f"{w}x{h}", "-f", fmt]
                command += ["--bottom-up"] if bottom_up else []
                subprocess.run(command + [streams[0]], input=raw(rgb, fmt, bottom_up), check=True)
                frame += 1
                jpegs = [newest(s, frame) for s in streams]
                name = f"{fmt} {w}x{h} {'bottom-up' if bottom_up else 'top-down'}"
                source = gray if fmt == "gray8" else rgb
                first = by_pillow(jpegs[0])
                db = psnr(first, source)
                print(f"{name}: {db:.1f} dB, {[len(j) for j in jpegs]} bytes")
                check(db >= CLOSE, f"{name}: {db:.1f} dB")
                if min(w, h) > 1:
                    check(psnr(first, source[::-1]) < FAR, f"{name}: upside down passes too")
                    check(psnr(first, source[:, ::-1]) < FAR, f"{name}: mirrored passes too")
                if fmt != "gray8":
                    check(psnr(first, source[..., ::-1]) < FAR, f"{name}: swapped passes too")
                for threads, jpeg in enumerate(jpegs, 1):
                    check(plain(jpeg) == plain(jpegs[0]), f"{name} -j {threads}: differs")
                    if w < 64:
                        check(np.array_equal(by_djpeg(jpeg), by_djpeg(jpegs[0])), f"{name}: djpeg")
                        check(psnr(by_djpeg(jpeg), source) >= CLOSE, f"{name}: djpeg")
                    if h in (31, 1079) and fmt not in ("gray8",):
                        check(psnr(by_ffmpeg(jpeg), source) >= CLOSE - 3, f"{name}: ffmpeg")
    print("\n".join(wrong))
    return 1 if wrong or frame == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:4], sys.argv[4:] or FORMATS))
