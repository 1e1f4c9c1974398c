#!/usr/bin/python3
"""Prints the network in a stream, read as shmcast-net(5) describes it, without the library.

usage: net.py STREAM shape      numbers of nodes, dimensions, edges and communities
       net.py STREAM positions  the coordinates of each node, one node per line
       net.py STREAM edges      one edge per line: both names, and the weight if there are weights
       net.py STREAM nodes      one node per line: name, degree, community
       net.py STREAM attributes one attribute per line: nodes or edges, name, all values
       net.py STREAM frame      number of the newest frame of positions
Exit: 0; 1 if the stream does not exist, or network and positions are incomplete.
"""
import mmap
import struct
import sys


class NotYet(Exception):
    """The network is incomplete; try again."""


class Net:
    def __init__(self, name):
        with open(f"/dev/shm/{name}", "rb") as file:
            m = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        frame, d, n, self.frame = self.newest(m, 112, 136, 88)
        packet, width, height, _ = self.newest(m, 120, 144, 96)
        if (width, height) != (d, n):
            raise NotYet("the positions belong to another network")
        numbers = memoryview(frame).cast("f").tolist()
        self.positions = [numbers[at:at + d] for at in range(0, n * d, d)]
        size, self.nodes, edges, self.communities, count = struct.unpack_from("<QIIII", packet, 16)
        if packet[:16] != b"shmnet\0\0" + struct.pack("<II", 2 if count else 1, 96):
            raise SystemExit("not a network")
        degrees, groups, ends, weights, names, text, length = struct.unpack_from("<7Q", packet, 40)
        assert size == len(packet) and self.nodes == n == len(self.positions)

        def section(at, count, kind="I"):
            return memoryview(packet)[at:at + 4 * count].cast(kind).tolist()
        self.degree, self.community = section(degrees, n), section(groups, n)
        self.edge = list(zip(*[iter(section(ends, 2 * edges))] * 2))
        self.weight = section(weights, edges, "f") if weights else None
        self.names = [str(i) for i in range(n)]
        if names:
            at = section(names, n + 1)
            assert at[-1] == length
            self.names = [packet[text + at[i]:text + at[i + 1]].decode() for i in range(n)]
        ends = [(degrees, 4 * n), (groups, 4 * n), (ends, 8 * edges), (weights, 4 * edges),
                (names, 4 * n + 4), (text, length)]
        at = max((start + size + 7) // 8 * 8 for start, size in ends if start)
        self.attributes = []
        for head in range(at, at + 104 * count, 104):
            name, of_edges, texts, values, offsets, chars, _ = struct.unpack_from(
                "<64sIIQQQQ", packet, head)
            items = edges if of_edges else n
            if texts:
                o = section(offsets, texts + 1)
                words = [packet[chars + o[i]:chars + o[i + 1]].decode() for i in range(texts)]
                row = [words[v] if v < texts else "-" for v in section(values, items)]
            else:
                row = [f"{v:g}" for v in struct.unpack_from(f"<{items}d", packet, values)]
            self.attributes.append(["edges" if of_edges else "nodes",
                                    name.rstrip(b"\0").decode(), *row])

    @staticmethod
    def newest(m, ring, data, room):
        at, start, size = (struct.unpack_from("<Q", m, o)[0] for o in (ring, data, room))
        newest = struct.unpack_from("<Q", m, at)[0]
        slot = at + 4160 + 128 * (newest & 255)
        length, width, height = struct.unpack_from("<QII", m, slot + 8)
        first = start + (newest & 255) * size
        copy = m[first:first + length]
        if not newest or struct.unpack_from("<Q", m, slot)[0] != 2 * (newest >> 8):
            raise NotYet("no frame yet, or overwritten during the copy")
        return copy, width, height, newest >> 8


def show(net, query):
    if query == "shape":
        print(len(net.positions), len(net.positions[0]), len(net.edge), net.communities)
    elif query == "positions":
        for row in net.positions:
            print(*row)
    elif query == "edges":
        for i, (a, b) in enumerate(net.edge):
            print(net.names[a], net.names[b], *([] if net.weight is None else [net.weight[i]]))
    elif query == "nodes":
        for name, degree, community in zip(net.names, net.degree, net.community):
            print(name, degree, community)
    elif query == "attributes":
        for attribute in net.attributes:
            print(*attribute)
    elif query == "frame":
        print(net.frame)
    else:
        raise SystemExit(f"net.py: {query}: unknown query")


def load(name):
    """Retries if the stream was written during the copy."""
    for _ in range(20):
        try:
            return Net(name)
        except NotYet:
            pass
    return Net(name)


if __name__ == "__main__":
    try:
        show(load(sys.argv[1]), sys.argv[2])
    except (NotYet, FileNotFoundError, ValueError) as problem:
        raise SystemExit(f"net.py: {problem}") from problem
