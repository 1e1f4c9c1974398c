"""The programs that bring a stream to browsers, as children that end with this program."""
from __future__ import annotations

import html
import importlib.util
import json
import os
import secrets
import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple
from urllib.parse import quote, urlsplit

from . import _library as c

# shm-create removes the stream when this script ends: when standard input, a pipe from the program that started
# it, is closed, even by SIGKILL. Then the other two end as well. A server that fails writes an empty line.
_SCRIPT = """encode=$1 quality=$2
shift 2
"$encode" -q "$quality" "$SHMCAST_STREAM" >/dev/null &
{ "$@" "$SHMCAST_STREAM" || echo; } &
exec cat >/dev/null"""

# Their pipes.
_inputs: "weakref.WeakSet[Any]" = weakref.WeakSet()


def _close_inputs() -> None:
    """In a child of fork(), whose copy of a pipe would keep it open after the end of this program."""
    for pipe in _inputs:
        pipe.close()


os.register_at_fork(after_in_child=_close_inputs)

# Choices of `python3 -m shmcast run` for programs that do not make them.
defaults: Dict[str, Any] = {}


def _jupyter_server() -> Dict[str, Any]:
    """What the Jupyter server that started this kernel has written about itself; {} outside of Jupyter."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent:
        return {}
    try:
        from jupyter_core.paths import jupyter_runtime_dir
        return dict(json.loads(Path(jupyter_runtime_dir(), f"jpserver-{parent}.json").read_text()))
    except (ImportError, OSError, ValueError):
        return {}


def _notebook() -> Tuple[str, List[str]]:
    """The address of the notebook's server, "/" or "/user/NAME/", and its names; "" outside of notebooks or
    without jupyter-server-proxy, when browsers reach the children's port themselves."""
    hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    server = _jupyter_server()
    if not hub and not (server and importlib.util.find_spec("jupyter_server_proxy")):
        return "", []
    urls = [os.environ.get("JUPYTERHUB_PUBLIC_URL", ""), os.environ.get("JUPYTERHUB_HOST", ""), server.get("url", "")]
    names = [urlsplit(url).hostname for url in urls if url]
    return hub or server.get("base_url", "/"), [name for name in names if name]


class Server:
    """A new stream, with an encoder and a web server.

    size: (width, height) of the largest frame, in pixels. name: by default a random one. server: ws-serve or
    rtc-serve, by default ws-serve. bind, port: its address, by default a free port of 127.0.0.1. quality: of JPEG, 1 to
    100. host, origin: further names in the address, and origins of pages that may show the stream; those of the
    notebook are added. options: more of the server's options. token: without, everybody who reaches the address may
    watch and take control.
    """

    def __init__(self, size: Tuple[int, int], *, name: Optional[str] = None, server: Optional[str] = None,
                 bind: Optional[str] = None, port: Optional[int] = None, quality: Optional[int] = None,
                 host: Sequence[str] = (), origin: Sequence[str] = (), token: bool = True,
                 options: Sequence[str] = (), format: str = "rgb24") -> None:
        self.name = name or defaults.get("name") or f"python-{os.getpid()}-{secrets.token_hex(4)}"
        self.token = secrets.token_urlsafe(24) if token and defaults.get("token", True) else ""
        self._notebook, names = _notebook()
        program = server or defaults.get("server", "ws-serve")
        serve = [c.program(program), "-b", bind or defaults.get("bind", "127.0.0.1"),
                 "-p", str(port or defaults.get("port", 0))]
        for option, values in ("--host", [*names, *host]), ("--origin", origin):
            for value in values:
                serve += [option, value]
        with tempfile.TemporaryDirectory(prefix="shmcast-") as folder:
            if self.token:
                tokens = Path(folder, "tokens")
                tokens.touch(0o600)
                tokens.write_text(f"control {self.token}\n")
                serve += ["--token-file", str(tokens)]
            self._process = subprocess.Popen(
                [c.program("shm-create"), "-s", "%dx%d" % size, "-f", format, self.name, "--", "/bin/sh", "-c", _SCRIPT,
                 "sh", c.program("shm-encode"), str(quality or defaults.get("quality", 80)), *serve, *options],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
            assert self._process.stdin and self._process.stdout
            _inputs.add(self._process.stdin)
            line = self._process.stdout.readline().decode().strip()
        self.close = weakref.finalize(self, _end, self._process)
        if not line:
            self.close()
            raise RuntimeError(f"shmcast: {program} did not start; standard error has its message")
        self._address = line.split()[0]

    @property
    def url(self) -> str:
        """The address to open, with its token: of this machine, or in a notebook below the notebook's address."""
        return self._url({})

    def _url(self, arguments: Dict[str, str]) -> str:
        if self.token:
            arguments = {**arguments, "token": self.token}
        query = "&".join(f"{key}={quote(value)}" for key, value in arguments.items())
        address = self._address.rstrip("/") + "/"
        if self._notebook:
            address = f"{self._notebook.rstrip('/')}/proxy/{urlsplit(address).port}/"
        return address + ("?" + query if query else "")

    def frame_html(self, width: int, height: int) -> str:
        """An <iframe> of the stream, width x height CSS pixels."""
        url = html.escape(self._url({"bar": "0"}))
        return (f'<iframe src="{url}" width="{width}" height="{height}" allow="fullscreen; clipboard-read" '
                f'style="border:0; max-width:100%"></iframe>')


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the children: the end of their input does."""
    assert process.stdin and process.stdout
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
    process.stdout.close()
