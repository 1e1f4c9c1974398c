#!/usr/bin/python3
"""pattern.py WxH FORMAT top-down|bottom-up RAW REFERENCE: writes a smooth image that differs in
every direction and channel. RAW: its bytes in FORMAT (YUV: BT.601, limited range); REFERENCE: a top-down
PNM of RAW, with chroma samples repeated."""
import sys
import numpy as np


def luma(rgb):
    return rgb @ [0.299, 0.587, 0.114]


def to_yuv(rgb, across, down):
    y = luma(rgb)
    planes = [16 + y * 219 / 255]
    for channel, factor in ((2, 1.772), (0, 1.402)):
        chroma = 128 + (rgb[..., channel] - y) / factor * 224 / 255
        h, w = chroma.shape
        chroma = np.pad(chroma, ((0, h % down), (0, w % across)), "edge")
        h, w = chroma.shape
        planes.append(chroma.reshape(h // down, down, w // across, across).mean(axis=(1, 3)))
    return [plane.round().astype(np.uint8) for plane in planes]


def from_yuv(planes, across, down):
    y, cb, cr = (plane.astype(float) for plane in planes)
    y = (y - 16) * 255 / 219
    cb, cr = (
        (c.repeat(down, 0).repeat(across, 1)[: y.shape[0], : y.shape[1]] - 128) * 255 / 224
        for c in (cb, cr)
    )
    r, b = y + 1.402 * cr, y + 1.772 * cb
    return np.stack([r, (y - 0.299 * r - 0.114 * b) / 0.587, b], axis=2)


def main():
    size, name, order, raw, reference = sys.argv[1:]
    w, h = map(int, size.split("x"))
    y, x = np.mgrid[0:h, 0:w].astype(float)
    x, y = (x + 0.5) / w, (y + 0.5) / h
    rgb = np.stack([40 + 180 * x, 30 + 150 * y, 200 - 120 * x * y], axis=2).round()
    if name == "gray8":
        shown = luma(rgb)
        planes = [shown.round().astype(np.uint8)]
    elif name.startswith("yuv"):
        steps = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1)}[name]
        planes = to_yuv(rgb, *steps)
        shown = from_yuv(planes, *steps)
    else:
        shown = rgb
        channels = {"r": rgb[..., 0], "g": rgb[..., 1], "b": rgb[..., 2], "a": np.full((h, w), 255)}
        planes = [np.stack([channels[c] for c in name.rstrip("24")], axis=2).astype(np.uint8)]
    with open(raw, "wb") as out:
        for plane in planes:
            out.write(np.ascontiguousarray(plane[::-1] if order == "bottom-up" else plane).tobytes())
    with open(reference, "wb") as out:
        out.write(b"P%d\n%d %d\n255\n" % (5 if name == "gray8" else 6, w, h))
        out.write(shown.round().clip(0, 255).astype(np.uint8).tobytes())


if __name__ == "__main__":
    main()
