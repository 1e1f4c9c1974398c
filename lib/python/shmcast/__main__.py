"""python3 -m shmcast run [OPTIONS] PROGRAM [ARGUMENTS]: an unmodified rendercanvas program in a browser.

PROGRAM is a file of Python, or -m and a module. What it imports from rendercanvas.auto comes from
shmcast.rendercanvas. The address of each canvas is printed on standard error.
"""
from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from . import _library, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m shmcast", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"shmcast {_library.VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a rendercanvas program")
    run.add_argument("-n", "--name", help="name of the stream (random)")
    run.add_argument("-b", "--bind", help="address to listen at (127.0.0.1)")
    run.add_argument("-p", "--port", type=int, help="TCP port (a free one)")
    run.add_argument("-q", "--quality", type=int, help="JPEG quality, 1 to 100 (80)")
    run.add_argument("--server", choices=["ws-serve", "rtc-serve"], help="web server (ws-serve)")
    run.add_argument("--no-token", dest="token", action="store_false", help="everybody may watch and have control")
    run.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module")
    run.add_argument("program")
    run.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()

    serve.defaults.update({key: value for key, value in vars(chosen).items()
                           if key in ("name", "bind", "port", "quality", "server", "token") and value is not None})
    try:
        from . import rendercanvas as backend
    except ModuleNotFoundError as error:
        sys.exit(f"shmcast: {error.name} is missing: pip install rendercanvas numpy")
    sys.modules["rendercanvas.auto"] = backend
    sys.argv = [chosen.program, *chosen.arguments]
    if chosen.module:
        runpy.run_module(chosen.program, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(chosen.program).resolve().parent))
        runpy.run_path(chosen.program, run_name="__main__")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
