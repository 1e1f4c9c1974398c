#!/usr/bin/python3
"""pattern.py WxH FORMAT top-down|bottom-up RAW REFERENCE [MATRIX]: writes a smooth image that differs in
every direction and channel. RAW: its bytes in FORMAT (YUV: of MATRIX, or BT.601, in limited range);
REFERENCE: a top-down PNM of RAW, with chroma samples repeated."""
import sys
import numpy as np


WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}


def luma(rgb, matrix="bt601"):
    red, blue = WEIGHTS[matrix]
    return rgb @ [red, 1 - red - blue, blue]


def to_yuv(rgb, across, down, matrix="bt601"):
    y = luma(rgb, matrix)
    red, blue = WEIGHTS[matrix]
    planes = [16 + y * 219 / 255]
    for channel, factor in ((2, 2 - 2 * blue), (0, 2 - 2 * red)):
        chroma = 128 + (rgb[..., channel] - y) / factor * 224 / 255
        h, w = chroma.shape
        chroma = np.pad(chroma, ((0, h % down), (0, w % across)), "edge")
        h, w = chroma.shape
        planes.append(chroma.reshape(h // down, down, w // across, across).mean(axis=(1, 3)))
    return [plane.round().astype(np.uint8) for plane in planes]


def from_yuv(planes, across, down, matrix):
    red, blue = WEIGHTS[matrix]
    y, cb, cr = (plane.astype(float) for plane in planes)
    y = (y - 16) * 255 / 219
    cb, cr = (
        (c.repeat(down, 0).repeat(across, 1)[: y.shape[0], : y.shape[1]] - 128) * 255 / 224
        for c in (cb, cr)
    )
    r, b = y + (2 - 2 * red) * cr, y + (2 - 2 * blue) * cb
    return np.stack([r, (y - red * r - blue * b) / (1 - red - blue), b], axis=2)


def main():
    size, name, order, raw, reference, *rest = sys.argv[1:]
    matrix = rest[0] if rest else "bt601"
    w, h = map(int, size.split("x"))
    y, x = np.mgrid[0:h, 0:w].astype(float)
    x, y = (x + 0.5) / w, (y + 0.5) / h
    rgb = np.stack([40 + 180 * x, 30 + 150 * y, 200 - 120 * x * y], axis=2).round()
    if name == "gray8":
        shown = luma(rgb)
        planes = [shown.round().astype(np.uint8)]
    elif name.startswith("yuv"):
        steps = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1)}[name]
        planes = to_yuv(rgb, *steps, matrix)
        shown = from_yuv(planes, *steps, matrix)
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
