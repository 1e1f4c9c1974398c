#!/usr/bin/python3
"""How good net-layout's picture of a network is, next to that of igraph's Fruchterman-Reingold layout,
which gets as much time or more.

usage: net-quality.py [-n TIMES] zachary|grid|tree|debian

stdout: normalised stress of ours and of igraph's (the median of TIMES, 3), spread of the lengths of
edges of both, seconds of both, and the share of the neighbours in the network that are among the
nearest in our plane. Stress: with each pair of nodes weighted by 1 / distance² and the picture scaled
to its best, the mean square of how far it is from the number of steps between them. Spread: standard
deviation of the edges' lengths, over their mean. debian: the packages of this machine, and what
depends on what.
"""
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import igraph
import numpy as np


def debian():
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package}\t${Depends}, ${Pre-Depends}\n"],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    packages = dict(line.split("\t") for line in shown.splitlines())
    number = {name: i for i, name in enumerate(sorted(packages))}
    edges = set()
    for name, depends in packages.items():
        for other in re.findall(r"(?:^|[,|])\s*([a-z0-9.+-]+)", depends):
            if other in number and other != name:
                edges.add(tuple(sorted((number[name], number[other]))))
    return igraph.Graph(n=len(number), edges=sorted(edges)).connected_components().giant()


def network(name):
    if name == "zachary":
        return igraph.Graph.Famous("Zachary")
    if name == "grid":
        return igraph.Graph.Lattice([20, 20], circular=False)
    if name == "tree":
        return igraph.Graph.Tree(511, 2)
    if name == "debian":
        return debian()
    raise SystemExit(f"net-quality.py: {name}: see its first lines")


def lay_out(graph):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "edges")
        with open(path, "w") as file:
            file.writelines(f"{i}\n" for i in range(graph.vcount()))
            file.writelines(f"{a} {b}\n" for a, b in graph.get_edgelist())
        at = time.monotonic()
        shown = subprocess.run(["net-layout", "--once", "--record", path,
                                f"{os.environ.get('S', 'bats')}-quality-{os.getpid()}"],
                               stdout=subprocess.PIPE, check=True).stdout
        took = time.monotonic() - at
    rows = graph.vcount() * 2 * 4
    return np.frombuffer(shown[-rows:], "<f4").reshape(-1, 2).astype(float), took


def peer(graph, seconds, seed):
    steps = 500  # igraph's own number
    while True:
        random.seed(seed)
        at = time.monotonic()
        places = graph.layout_fruchterman_reingold(niter=steps, grid=False)
        took = time.monotonic() - at
        if took >= seconds:
            return np.array(places.coords), took
        steps = int(steps * max(1.2, min(10, 1.2 * seconds / took)))


def stress(steps, places):
    i, j = np.triu_indices(len(places), 1)
    want, is_ = steps[i, j], np.linalg.norm(places[i] - places[j], axis=1)
    weight = 1 / want ** 2
    scale = (weight * want * is_).sum() / (weight * is_ * is_).sum()
    return (weight * (scale * is_ - want) ** 2).mean()


def spread(graph, places):
    a, b = np.array(graph.get_edgelist()).T
    length = np.linalg.norm(places[a] - places[b], axis=1)
    return length.std() / length.mean()


def neighbours(graph, places):
    """Of each node's neighbours, how many are among so many nodes that are nearest to it."""
    kept = 0
    for node, others in enumerate(graph.get_adjlist()):
        far = np.linalg.norm(places - places[node], axis=1)
        kept += len(set(np.argsort(far)[1:len(others) + 1]) & set(others))
    return kept / (2 * graph.ecount())


def main(name, times):
    graph = network(name)
    steps = np.array(graph.distances(), dtype=float)
    ours, seconds = lay_out(graph)
    theirs = [peer(graph, seconds, seed) for seed in range(times)]
    print(stress(steps, ours), statistics.median(stress(steps, p) for p, _ in theirs),
          spread(graph, ours), statistics.median(spread(graph, p) for p, _ in theirs),
          seconds, statistics.median(took for _, took in theirs), neighbours(graph, ours))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    count = 3
    if arguments[:1] == ["-n"]:
        count = int(arguments[1])
        del arguments[:2]
    main(arguments[0], count)
