"""Frames of this program to web browsers, and the viewers' mouse and keyboard input back.

    stream = shmcast.Stream("view", size=(1280, 720))
    frame = stream.frame()                  # numpy view of shared memory, shape (720, 1280, 3)
    stream.publish()
    for event in stream.events(timeout=0.03): ...

    viewer = shmcast.show(window)           # VTK, PyVista, FURY 0.x: streams it, with input
    viewer.run()

shmcast-python(7) describes this package; shmcast.rendercanvas and shmcast.fury are its parts for
rendercanvas (pygfx, fastplotlib, FURY 2) and for the stream client of FURY 0.12.
"""
from ._library import VERSION as __version__
from .stream import Stream
from .window import Viewer, show

__all__ = ["Stream", "Viewer", "show", "__version__"]
