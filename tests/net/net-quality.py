#!/usr/bin/python3
"""Compares the quality and the cost of net-layout with sfdp, of Graphviz, and FM3, of OGDF.

usage: net-quality.py [-l PROGRAM]... [-- OPTION...] NETWORK
PROGRAM: net-layout, sfdp or fm3; by default those that are here. OPTION: for net-layout.
NETWORK: an edge list, or one of the names that --list prints.

stdout: for each program its name, seconds of processor time, normalised stress, and the share of
neighbours in the network that are also nearest neighbours in the layout. Stress: the mean square
difference between the distances in the layout and in the network, with pairs weighted by 1 / distance²
and the layout scaled for the smallest stress; large networks are sampled, the same for all programs.
debian: the packages installed on this machine, and their dependencies.
Exit: 0; 3 a program is missing or has failed.
"""
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
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


def random_tree(first, nodes):
    return [(first + i, first + random.randrange(i)) for i in range(1, nodes)]


def parts(count):
    edges, nodes = [], 0
    for _ in range(count):
        size = 1 + int(random.expovariate(1 / 4))
        edges += random_tree(nodes, size)
        nodes += size
    return igraph.Graph(n=nodes, edges=edges)


def blocks():
    inside, between = 0.02, 0.0005
    rates = [[inside if i == j else between for j in range(10)] for i in range(10)]
    return igraph.Graph.SBM(3000, rates, [300] * 10).connected_components().giant()


NETWORKS = {
    "zachary": lambda: igraph.Graph.Famous("Zachary"),
    "grid20": lambda: igraph.Graph.Lattice([20, 20], circular=False),
    "grid100": lambda: igraph.Graph.Lattice([100, 100], circular=False),
    "grid200": lambda: igraph.Graph.Lattice([200, 200], circular=False),
    "cube20": lambda: igraph.Graph.Lattice([20, 20, 20], circular=False),
    "cycle500": lambda: igraph.Graph.Ring(500),
    "cycle": lambda: igraph.Graph.Ring(5000),
    "path": lambda: igraph.Graph.Ring(5000, circular=False),
    "binary-tree": lambda: igraph.Graph.Tree(8191, 2),
    "random-tree500": lambda: igraph.Graph(random_tree(0, 500)),
    "random-tree": lambda: igraph.Graph(random_tree(0, 10000)),
    "small-world": lambda: igraph.Graph.Watts_Strogatz(1, 10000, 3, 0.05),
    "preferential": lambda: igraph.Graph.Barabasi(10000, 2),
    "preferential-50k": lambda: igraph.Graph.Barabasi(50000, 2),
    "geometric": lambda: igraph.Graph.GRG(5000, 0.025).connected_components().giant(),
    "blocks": blocks,
    "parts": lambda: parts(2000),
    "debian": debian,
}


def network(name):
    random.seed(1)
    if name in NETWORKS:
        return NETWORKS[name]()
    if os.path.exists(name):
        return igraph.Graph.Read_Ncol(name, names=True, directed=False).simplify()
    raise SystemExit(f"net-quality.py: {name}: unknown network; --list shows them")


def run(command, piece=-1):
    """The last piece of the output, and the processor time."""
    last = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        while shown := program.stdout.read(piece):
            last = shown
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        sys.exit(f"net-quality.py: {command[0]}: exit code {program.returncode}")
    return last, used.ru_utime + used.ru_stime


def net_layout(graph, folder, options):
    path = os.path.join(folder, "edges")
    with open(path, "w") as file:
        file.writelines(f"{i}\n" for i in range(graph.vcount()))
        file.writelines(f"{a} {b}\n" for a, b in graph.get_edgelist())
    stream = f"{os.environ.get('S', 'bats')}-quality-{os.getpid()}"
    last, seconds = run(["net-layout", "--once", "--record", *options, path, stream],
                        128 + graph.vcount() * 2 * 4)
    return np.load(io.BytesIO(last)).astype(float), seconds


def sfdp(graph, folder, _):
    path = os.path.join(folder, "dot")
    with open(path, "w") as file:
        file.write("graph {\n")
        file.writelines(f"{i};\n" for i in range(graph.vcount()))
        file.writelines(f"{a} -- {b};\n" for a, b in graph.get_edgelist())
        file.write("}\n")
    shown, seconds = run(["sfdp", "-Tplain", path])
    at = np.zeros((graph.vcount(), 2))
    for line in shown.decode().splitlines():
        words = line.split()
        if words[0] == "node":
            at[int(words[1])] = float(words[2]), float(words[3])
    return at, seconds


FM3 = """
import sys, tulip
from tulip import tlp
graph = tlp.newGraph()
with open(sys.argv[1]) as file:
    nodes, *edges = file
nodes = graph.addNodes(int(nodes))
graph.addEdges([(nodes[int(a)], nodes[int(b)]) for a, b in map(str.split, edges)])
layout = graph.getLayoutProperty("viewLayout")
if sys.argv[2] == "layout":
    graph.applyLayoutAlgorithm("FM^3 (OGDF)", layout)
for node in nodes:
    print(layout[node][0], layout[node][1])
"""


def fm3(graph, folder, _):
    path = os.path.join(folder, "edges")
    with open(path, "w") as file:
        file.write(f"{graph.vcount()}\n")
        file.writelines(f"{a} {b}\n" for a, b in graph.get_edgelist())
    python = [os.environ.get("TULIP_PYTHON", sys.executable), "-c", FM3, path]
    _, loading = run([*python, "load"])
    shown, seconds = run([*python, "layout"])
    return np.array(shown.split(), dtype=float).reshape(-1, 2), seconds - loading


def has_fm3():
    python = os.environ.get("TULIP_PYTHON", sys.executable)
    return not subprocess.run([python, "-c", "import tulip"], stderr=subprocess.DEVNULL).returncode


PROGRAMS = {"net-layout": (net_layout, lambda: shutil.which("net-layout")),
            "sfdp": (sfdp, lambda: shutil.which("sfdp")), "fm3": (fm3, has_fm3)}


def sample(graph):
    """Pairs of nodes with a path between them, and their distances."""
    nodes = graph.vcount()
    sources = range(nodes) if nodes <= 1500 else sorted(random.Random(2).sample(range(nodes), 200))
    far = np.array(graph.distances(source=list(sources)), dtype=float)
    row, j = np.nonzero(np.isfinite(far) & (far > 0))
    return np.array(sources)[row], j, far[row, j]


def stress(pairs, positions):
    i, j, target = pairs
    length, weight = np.linalg.norm(positions[i] - positions[j], axis=1), 1 / target ** 2
    scale = (weight * target * length).sum() / (weight * length * length).sum()
    return (weight * (scale * length - target) ** 2).mean()


def neighbours(graph, positions):
    """Share of each node's k neighbours that are among the k nodes nearest to it."""
    kept = total = 0
    nodes = range(graph.vcount())
    if len(nodes) > 1500:
        nodes = random.Random(3).sample(nodes, 1000)
    for node in nodes:
        others = graph.neighbors(node)
        if others:
            far = ((positions - positions[node]) ** 2).sum(axis=1)
            far[node] = -1
            nearest = np.argpartition(far, len(others))[:len(others) + 1]
            kept += len(set(nearest) & set(others))
            total += len(others)
    return kept / total


def main(arguments):
    programs, options = [], []
    while arguments and arguments[0] == "-l":
        programs.append(arguments[1])
        del arguments[:2]
    if arguments and arguments[0] == "--":
        options = arguments[1:-1]
        arguments = arguments[-1:]
    if arguments == ["--list"]:
        print(*NETWORKS)
        return
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    graph = network(arguments[0])
    pairs = sample(graph)
    for name in programs or [name for name, (_, here) in PROGRAMS.items() if here()]:
        with tempfile.TemporaryDirectory() as folder:
            positions, seconds = PROGRAMS[name][0](graph, folder, options)
        print(f"{name} {seconds:.3f} {stress(pairs, positions):.5f} {neighbours(graph, positions):.4f}",
              flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
