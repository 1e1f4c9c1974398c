#!/usr/bin/python3
"""Compares the quality of net-layout with igraph's Fruchterman-Reingold layout, which is given at
least as much time.

usage: net-quality.py [-n TIMES] zachary|grid|tree|debian

stdout: normalised stress of net-layout and of igraph (the median of TIMES runs, 3 by default), spread
of edge lengths of both, seconds of both, and the share of graph neighbours that are also nearest
neighbours in our layout. Stress: the mean square difference between the distances in the layout and
in the graph, with pairs weighted by 1 / distance² and the layout scaled for the smallest stress.
Spread: standard deviation of the edge lengths, divided by their mean. debian: the packages installed
on this machine, and their dependencies.
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
    raise SystemExit(f"net-quality.py: {name}: unknown network")


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
    steps = 500  # igraph's default
    while True:
        random.seed(seed)
        at = time.monotonic()
        layout = graph.layout_fruchterman_reingold(niter=steps, grid=False)
        took = time.monotonic() - at
        if took >= seconds:
            return np.array(layout.coords), took
        steps = int(steps * max(1.2, min(10, 1.2 * seconds / took)))


def stress(steps, positions):
    i, j = np.triu_indices(len(positions), 1)
    target, length = steps[i, j], np.linalg.norm(positions[i] - positions[j], axis=1)
    weight = 1 / target ** 2
    scale = (weight * target * length).sum() / (weight * length * length).sum()
    return (weight * (scale * length - target) ** 2).mean()


def spread(graph, positions):
    a, b = np.array(graph.get_edgelist()).T
    length = np.linalg.norm(positions[a] - positions[b], axis=1)
    return length.std() / length.mean()


def neighbours(graph, positions):
    """Share of each node's k neighbours that are among the k nodes nearest to it."""
    kept = 0
    for node, others in enumerate(graph.get_adjlist()):
        far = np.linalg.norm(positions - positions[node], axis=1)
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
