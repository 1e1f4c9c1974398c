#!/usr/bin/python3
"""Changes a JPEG, for the tests: jpegs.py KIND [ARGUMENT] <in >out

  plain            without the comment of shm-encode and shm-write
  avi1             without its Huffman tables
  huffman          only its Huffman tables, segment after segment
  thumbnail FILE   with an EXIF segment that holds the JPEG FILE
  comment TEXT     with a comment in front
  frame OFFSET N   with byte OFFSET of the frame header's data changed to N
  without MARKER   without the segments of this marker (hexadecimal), scans included
  twice MARKER     with these segments twice
  order            prints the marker of each segment
  offsets          prints where each segment begins
"""
import struct
import sys


def segments(data):
    """(marker, bytes) of each segment; a scan's with its data, and EOI."""
    assert data[:2] == b"\xff\xd8", data[:4]
    at = 2
    while data[at + 1] != 0xD9:
        assert data[at] == 0xFF, at
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if data[at + 1] == 0xDA:
            while data[end] != 0xFF or data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                end += 1
        yield data[at + 1], data[at:end]
        at = end
    assert at + 2 == len(data), "bytes after the end"


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def change(kind, arguments, parts):
    if kind == "plain":
        return [(m, s) for m, s in parts if m != 0xFE or not s[4:].startswith(b"shmcast ")]
    if kind == "avi1":
        return [(m, s) for m, s in parts if m != 0xC4]
    if kind == "without":
        return [(m, s) for m, s in parts if m != int(arguments[0], 16)]
    if kind == "twice":
        return [(m, s * 2 if m == int(arguments[0], 16) else s) for m, s in parts]
    if kind == "thumbnail":
        inner = open(arguments[0], "rb").read()
        return [(0xE1, segment(0xE1, b"Exif\0\0" + inner)), *parts]
    if kind == "comment":
        return [parts[0], (0xFE, segment(0xFE, arguments[0].encode())), *parts[1:]]
    if kind == "frame":
        at, value = 4 + int(arguments[0]), int(arguments[1])
        return [(m, s[:at] + bytes([value]) + s[at + 1 :] if m in (0xC0, 0xC2) else s) for m, s in parts]
    raise SystemExit(f"{kind}: no such kind")


def main():
    kind, *arguments = sys.argv[1:]
    parts = list(segments(sys.stdin.buffer.read()))
    out = sys.stdout.buffer
    if kind == "huffman":
        out.write(b"".join(s for m, s in parts if m == 0xC4))
    elif kind == "order":
        print(*(f"{m:02x}" for m, _ in parts))
    elif kind == "offsets":
        at = 2
        for _, s in parts:
            print(at)
            at += len(s)
    else:
        out.write(b"\xff\xd8" + b"".join(s for _, s in change(kind, arguments, parts)) + b"\xff\xd9")


main()
