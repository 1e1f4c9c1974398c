#!/usr/bin/python3
"""psnr.py A B: prints the PSNR of two images in dB ("inf": equal). PPM, PGM, JPEG, PNG; gray is
compared as R = G = B, alpha is ignored. Exit: 0; 1 the sizes differ; 2 an image can't be read."""
import sys

import numpy as np
from PIL import Image


def load(name):
    try:
        with Image.open(name) as image:
            return np.asarray(image.convert("RGB"), dtype=np.float64)
    except (OSError, ValueError) as why:
        print(f"psnr.py: {name}: {why}", file=sys.stderr)
        sys.exit(2)


def main():
    if len(sys.argv) != 3:
        print("usage: psnr.py A B", file=sys.stderr)
        sys.exit(2)
    a, b = load(sys.argv[1]), load(sys.argv[2])
    if a.shape != b.shape:
        sizes = ["%dx%d" % (p.shape[1], p.shape[0]) for p in (a, b)]
        print(f"psnr.py: {sizes[0]} and {sizes[1]}", file=sys.stderr)
        sys.exit(1)
    error = np.mean((a - b) ** 2)
    print("inf" if error == 0 else "%.2f" % (10 * np.log10(255**2 / error)))


main()
