"""A backend for rendercanvas: canvases of pygfx, fastplotlib, FURY 2 and others in a browser.

    from shmcast.rendercanvas import RenderCanvas, loop

in place of rendercanvas.auto; or, for an unmodified program, python3 -m shmcast run PROGRAM. Each canvas is a stream
with an address of its own, canvas.url. It is drawn only while somebody watches, and follows the size of the page.
"""
from __future__ import annotations

import errno
import sys
from typing import Any, Dict, List, Optional

import numpy
from rendercanvas.asyncio import AsyncioLoop
from rendercanvas.base import BaseCanvasGroup, BaseRenderCanvas

from . import _library as c
from .serve import Server
from .stream import EventDict, Stream

__all__ = ["RenderCanvas", "loop"]

loop = AsyncioLoop()
_MAX_SIZE = 1920, 1080


class ShmcastCanvasGroup(BaseCanvasGroup):
    """The canvases of this module, which share its loop."""


class RenderCanvas(BaseRenderCanvas):
    """A canvas in a stream. options: those of rendercanvas, and as server_options those of shmcast.serve.Server."""

    _rc_canvas_group = ShmcastCanvasGroup(loop)

    def __init__(self, *args: Any, max_size: Any = _MAX_SIZE, server_options: Optional[Dict[str, Any]] = None,
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_size = max_size
        self._server: Optional[Server] = Server(max_size, format="rgba", **(server_options or {}))
        self.stream = Stream(self._server.name)
        self._final_canvas_init()
        self._watched = False
        self._set_visible(False)
        self._rc_canvas_group.get_loop().add_task(self._serve, name="shmcast")
        print(self.url, file=sys.stderr, flush=True)

    @property
    def url(self) -> str:
        """The address to open, with a token that allows control."""
        return self._server.url if self._server else "closed"

    def _repr_html_(self) -> str:
        width, height = self.get_logical_size()
        return self._server.frame_html(int(width), int(height)) if self._server else "<p>closed</p>"

    async def _serve(self) -> None:
        """Passes events on, and draws while somebody watches, until the stream ends."""
        try:
            async for events in self.stream.news(c.EVENTS | c.DEMAND):
                for event in events:
                    self._take(event)
                self._see()
        except OSError as error:
            if error.errno not in (errno.EIDRM, errno.EBADF):
                raise
        self.close()

    def _see(self) -> None:
        """Only a canvas that somebody watches is drawn."""
        if self.stream.watched != self._watched:
            self._watched = not self._watched
            self._set_visible(self._watched)

    def _take(self, event: EventDict) -> None:
        """Submits an event as rendercanvas has them: with coordinates in logical pixels."""
        if event["type"] == "resize":
            part = min(1.0, self._max_size[0] / event["pwidth"], self._max_size[1] / event["pheight"])
            self._size_info.set_physical_size(max(1, int(event["pwidth"] * part)), max(1, int(event["pheight"] * part)),
                                              event["ratio"])
            self.request_draw()
            return
        event["event_type"] = event.pop("type")
        event["time_stamp"] = event.pop("timestamp")
        if "x" in event:
            width, height = self.get_logical_size()
            event.update(x=event["x"] * width, y=event["y"] * height, ntouches=int(event["pointer"] > 0), touches={})
        self.submit_event(event)

    # Methods that the base class calls

    def _rc_get_present_info(self, present_methods: List[str]) -> Optional[Dict[str, Any]]:
        return {"method": "bitmap", "formats": ["rgba-u8"]} if "bitmap" in present_methods else None

    def _rc_request_draw(self) -> None:
        self._see()  # the end of watching is no news
        self._rc_canvas_group.get_loop().call_soon(self._time_to_draw)

    def _rc_request_paint(self) -> None:
        pass

    def _rc_force_paint(self) -> None:
        self._time_to_paint()

    def _rc_present_bitmap(self, *, data: Any, format: str, **_: Any) -> None:
        image = numpy.asarray(data)
        height, width = image.shape[:2]
        frame = self.stream.frame((width, height), "rgba")
        if frame is not None:
            frame[:] = image
            self.stream.publish(alpha=False)

    def _rc_set_logical_size(self, width: float, height: float) -> None:
        ratio = self._size_info["native_pixel_ratio"]
        part = min(1.0, self._max_size[0] / (width * ratio), self._max_size[1] / (height * ratio))
        self._size_info.set_physical_size(max(1, round(width * ratio * part)), max(1, round(height * ratio * part)), ratio)

    def _rc_close(self) -> None:
        if self._server:
            self.stream.close()
            self._server.close()
            self._server = None

    def _rc_get_closed(self) -> bool:
        return self._server is None
