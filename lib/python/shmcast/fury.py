"""The stream client of FURY 0.12 with shmcast's stream: its two abstract classes.

    stream = FuryStreamClient(manager)
    interaction = FuryStreamInteraction(manager)
    stream.img_manager = shmcast.fury.ImageBufferManager(stream.max_window_size)
    interaction.circular_queue = shmcast.fury.CircularQueue(stream.img_manager)

The last two lines are new; the rest of the program stays as it is, without FURY's server. stream.img_manager.url is
the address to open. FURY calls the two from different threads, so each has a Stream of its own.
"""
from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, Optional, Tuple, Union

import numpy
from fury.stream.tools import GenericCircularQueue, GenericImageBufferManager

from .serve import Server
from .stream import EventDict, Stream

__all__ = ["CircularQueue", "ImageBufferManager"]

# FURY's numbers for presses; a release has the next one.
_PRESSES = {1: 3, 3: 5, 2: 7}


class ImageBufferManager(GenericImageBufferManager):
    """Frames of FURY's window, into a stream.

    max_window_size: (width, height) of the largest window, in pixels. name: an existing stream, whose encoder and
    server run already; without, they are started. options: those of shmcast.serve.Server.
    """

    def __init__(self, max_window_size: Tuple[int, int], name: Optional[str] = None, **options: Any) -> None:
        super().__init__(max_window_size=max_window_size)
        self._name, self._options = name, options
        self._server: Optional[Server] = None
        self.event = 0  # number of the last event that the queue returned
        if name is None:
            self.create_mem_resource()
        self.load_mem_resource()

    @property
    def url(self) -> str:
        """The address to open, with a token that allows control."""
        return self._server.url if self._server else ""

    def create_mem_resource(self) -> None:
        width, height = (int(side) for side in self.max_window_size)
        self._server = Server((width, height), **self._options)
        self._name = self._server.name

    def load_mem_resource(self) -> None:
        self.stream = Stream(self._name)

    def write_into(self, w: int, h: int, np_arr: Any) -> None:
        """Publishes an image of w x h pixels: 3 bytes each, the lowest row first."""
        width, height = (int(side) for side in self.max_window_size)
        if w * h > width * height:
            w, h, np_arr = width, height, self.img_exceed
        frame = self.stream.frame((w, h), "rgb24")
        if frame is not None:
            frame.reshape(-1)[:] = np_arr
            self.stream.publish(bottom_up=True, event=self.event)

    def get_current_frame(self) -> Tuple[int, int, Any]:
        """Width, height and the bytes of the newest image, the lowest row first."""
        image = self.stream.latest()
        if image is None:
            image = numpy.zeros((1, 1, 3), numpy.uint8)
        self.height, self.width = image.shape[:2]
        self.image_buffer_repr = image[::-1].reshape(-1)
        return self.width, self.height, self.image_buffer_repr

    def cleanup(self) -> None:
        self.stream.close()
        if self._server:
            self._server.close()
            self._server = None


class CircularQueue(GenericCircularQueue):
    """The viewers' input in FURY's eight numbers, from the stream of an ImageBufferManager or of a name."""

    def __init__(self, source: Union[ImageBufferManager, str]) -> None:
        super().__init__(max_size=1, dimension=8)
        self._manager = source if isinstance(source, ImageBufferManager) else None
        self._name = source.stream.name if isinstance(source, ImageBufferManager) else source
        self._pending: Deque[EventDict] = deque()
        self.load_mem_resource()

    def create_mem_resource(self) -> None:
        pass  # the stream has the events

    def load_mem_resource(self) -> None:
        self._stream = Stream(self._name)

    def enqueue(self, data: Any) -> bool:
        """Appends an event to the stream, as a viewer does."""
        kind, wheel, x, y, ctrl, shift = (float(number) for number in data[:6])
        event: Dict[str, Any] = {"type": "pointer_move", "x": x, "y": y,
                                 "modifiers": ["Control"] * bool(ctrl) + ["Shift"] * bool(shift)}
        if kind == 1:
            event.update(type="wheel", dy=wheel)
        for button, press in _PRESSES.items():
            if kind in (press, press + 1):
                event.update(type="pointer_down" if kind == press else "pointer_up", button=button)
        self._stream.send(event)
        return True

    def dequeue(self) -> Optional[Any]:
        """The next event, or None: id, wheel, x, y, control, shift, milliseconds, 0."""
        self._pending.extend(self._stream.events())
        while self._pending:
            event = self._pending.popleft()
            number = self._id(event)
            if self._manager:
                self._manager.event = event["number"]
            if number:
                held = event["modifiers"]
                return numpy.array([number, event.get("dy", 0), event["x"], event["y"], "Control" in held, "Shift" in held,
                                    event["timestamp"] * 1000, 0], float)
        return None

    @staticmethod
    def _id(event: EventDict) -> int:
        """FURY's number of an event; 0: it has none."""
        if event["type"] in ("pointer_down", "pointer_up"):
            press = _PRESSES.get(event["button"], 0)
            return press + (event["type"] == "pointer_up") if press else 0
        return {"wheel": 1, "pointer_move": 2}.get(event["type"], 0)

    def cleanup(self) -> None:
        self._stream.close()
