"""libshmcast by ctypes: the library, its structures, its errors. lib/shmcast.h has the contract."""
from __future__ import annotations

import ctypes
import os
import shutil
from ctypes import POINTER, c_char, c_char_p, c_float, c_int, c_int64, c_long, c_size_t, c_uint, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Iterator, Optional

VERSION = "0.1.0"
NAME = "libshmcast.so.0"

FRAMES, PACKETS, EVENTS, DEMAND = 1, 2, 4, 8
BOTTOM_UP = 1
REPLACE, KEEP = 4, 8
ALPHA_IGNORED = 2
FORMATS = {"gray8": 1, "rgb24": 2, "bgr24": 3, "rgba": 4, "bgra": 5, "yuv420p": 6, "yuv422p": 7, "yuv444p": 8,
           "f32": 9}
CHANNELS = {"rgb24": 3, "bgr24": 3, "rgba": 4, "bgra": 4}


class Sized(ctypes.Structure):
    """A structure whose first field is its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(size=ctypes.sizeof(self), **fields)


class Spec(Sized):
    _fields_ = [(name, c_uint32) for name in
                ("size", "flags", "width", "height", "format", "slots", "events", "mode")] + \
               [("packet_bytes", c_uint64)]


class Info(Sized):
    _fields_ = [(name, c_uint32) for name in
                ("size", "flags", "width", "height", "format", "slots", "events", "reserved")] + \
               [(name, c_uint64) for name in ("generation", "frame_bytes", "packet_bytes")]


class Image(Sized):
    _fields_ = [("size", c_uint32), ("width", c_uint32), ("height", c_uint32), ("format", c_uint32),
                ("flags", c_uint32), ("stride", c_uint32 * 3), ("matrix", c_uint32), ("alpha", c_uint32),
                ("aspect_num", c_uint32), ("aspect_den", c_uint32)] + \
               [(name, c_uint64) for name in
                ("event", "captured_ns", "frame", "number", "published_ns", "bytes", "capacity")] + \
               [("offset", c_uint64 * 3), ("data", c_void_p)]


class Event(ctypes.Structure):
    _fields_ = [("number", c_uint64), ("time_ns", c_uint64)] + \
               [(name, c_uint32) for name in ("type", "modifiers", "button", "buttons", "viewer", "pointer")] + \
               [(name, c_float) for name in ("x", "y", "dx", "dy")] + \
               [("width", c_uint32), ("height", c_uint32), ("ratio", c_float), ("z", c_float),
                ("node", c_uint32), ("on", c_uint32), ("key", c_char * 36)]


# Name, result, arguments.
FUNCTIONS = [
    ("version", c_char_p, []),
    ("strerror", c_char_p, [c_int]),
    ("create", c_void_p, [c_char_p, POINTER(Spec)]),
    ("attach", c_void_p, [c_char_p]),
    ("close", None, [c_void_p]),
    ("info", c_int, [c_void_p, POINTER(Info)]),
    ("begin", c_int, [c_void_p, c_int, POINTER(Image)]),
    ("publish", c_int, [c_void_p, c_int, POINTER(Image)]),
    ("abort", None, [c_void_p, c_int]),
    ("pin", c_int, [c_void_p, c_int, POINTER(Image)]),
    ("wanted", c_int, [c_void_p, c_int]),
    ("events", c_long, [c_void_p, POINTER(Event), c_size_t, c_size_t, POINTER(c_uint64)]),
    ("seek", c_int, [c_void_p, c_uint64]),
    ("coalesce", c_size_t, [POINTER(Event), c_size_t, c_size_t]),
    ("inject", c_int, [c_void_p, POINTER(Event), c_size_t, c_size_t]),
    ("event_type", c_uint32, [c_char_p]),
    ("wait", c_int, [c_void_p, c_uint, c_int64]),
    ("fd", c_int, [c_void_p]),
    ("arm", c_int, [c_void_p, c_uint]),
]


def _beside(program: str) -> Iterator[Path]:
    """Where the library of an installed program, or of one in a build folder, is."""
    found = shutil.which(program)
    if found:
        folder = Path(found).resolve().parent
        yield folder / NAME
        yield from _in_prefix(folder.parent)


def _in_prefix(prefix: Path) -> Iterator[Path]:
    yield prefix / "lib" / NAME
    yield prefix / "lib64" / NAME
    yield from (prefix / "lib").glob("*-linux-*/" + NAME)


def _candidates() -> Iterator[str]:
    """Paths of the library: the one that this package was installed with comes first."""
    here = Path(__file__).resolve()
    for parent in here.parents:
        if parent.name == "lib":  # PREFIX/lib/python3.x/dist-packages/shmcast
            yield from filter(os.path.exists, map(str, _in_prefix(parent.parent)))
            break
    yield from filter(os.path.exists, map(str, _beside("shm-create")))
    yield NAME


def _load() -> tuple[ctypes.CDLL, str]:
    problem: Optional[OSError] = None
    for path in _candidates():
        try:
            library = ctypes.CDLL(path, use_errno=True)
            break
        except OSError as error:
            problem = problem or error
    else:
        raise ImportError(f"shmcast: {NAME} is missing: install shmcast (make install), or add the folder of "
                          f"its programs to PATH ({problem})") from None
    try:
        for name, result, arguments in FUNCTIONS:
            function = getattr(library, "shmcast_" + name)
            function.restype, function.argtypes = result, arguments
        version = library.shmcast_version().decode()
        if [int(n) for n in version.split(".")] < [int(n) for n in VERSION.split(".")]:
            raise AttributeError
    except AttributeError:
        raise ImportError(f"shmcast: {path} is too old: this package needs {VERSION}") from None
    return library, path


lib, path = _load()


def fail() -> OSError:
    """The error of the last call, as an exception to raise: its errno, and the library's line of text."""
    err = ctypes.get_errno()
    return OSError(err, lib.shmcast_strerror(err).decode())


def program(name: str) -> str:
    """The path of a program of the same installation as the library."""
    places: list[Path] = []
    if path != NAME:  # found by the dynamic linker, which does not say where
        folder = Path(path).resolve().parent
        places = [folder, folder.parent / "bin", folder.parent.parent / "bin"]
    found = (places and shutil.which(name, path=os.pathsep.join(map(str, places)))) or shutil.which(name)
    if not found:
        raise FileNotFoundError(f"shmcast: {name} is missing: install shmcast (make install), or add the folder "
                                "of its programs to PATH")
    return found
