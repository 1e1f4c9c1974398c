"""Streams: frames out and in without a copy, events in and out."""
from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import secrets
import time
from typing import Any, AsyncIterator, Callable, Dict, List, Optional, Set, Tuple

from . import _library as c

try:
    import numpy
except ImportError:  # frames are memoryviews then
    numpy = None  # type: ignore[assignment]

Size = Tuple[int, int]
EventDict = Dict[str, Any]

_BATCH = 256
_MODIFIERS = (("Shift", 1), ("Control", 2), ("Alt", 4), ("Meta", 8))
_TYPES = {number: name for name in ("pointer_down", "pointer_up", "pointer_move", "pointer_enter", "pointer_leave",
                                    "double_click", "wheel", "key_down", "key_up", "resize")
          for number in [c.lib.shmcast_event_type(name.encode())]}
_HELD_BUTTONS = [tuple(n for n in range(1, 6) if mask >> (n - 1) & 1) for mask in range(32)]
_HELD_MODIFIERS = [tuple(name for name, bit in _MODIFIERS if mask & bit) for mask in range(16)]


class _Handle:
    """An attached stream. Views of its frames keep it attached, so that no view outlives its memory."""

    def __init__(self, pointer: Optional[int]) -> None:
        if not pointer:
            raise c.fail()
        self.pointer = pointer
        self.close = c.lib.shmcast_close

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self.close(self.pointer)


def _view(handle: _Handle, image: c.Image) -> Any:
    """The data of an image: shape (height, width, channels) or (height, width); bytes of YUV formats."""
    memory = (ctypes.c_uint8 * image.bytes).from_address(image.data)
    memory.handle = handle  # type: ignore[attr-defined]
    name = next(name for name, number in c.FORMATS.items() if number == image.format)
    if name.startswith("yuv"):
        return numpy.frombuffer(memory, numpy.uint8) if numpy else memoryview(memory).cast("B")
    channels = c.CHANNELS.get(name, 1)
    item = 4 if name == "f32" else 1
    shape = (image.height, image.width, channels)[:3 if channels > 1 else 2]
    stride = image.stride[0] or image.width * channels * item
    if numpy:
        strides = (stride, channels * item, item)[:3] if channels > 1 else (stride, item)
        return numpy.ndarray(shape, numpy.float32 if item == 4 else numpy.uint8, memory, 0, strides)
    if stride != image.width * channels * item:
        raise OSError(errno.EOPNOTSUPP, "rows with padding need numpy")
    return memoryview(memory).cast("B").cast("f" if item == 4 else "B", shape)


def _top_first(view: Any, image: c.Image) -> Any:
    """The data of an image whose lowest row is first, in the other order; of YUV formats a copy."""
    if view.ndim > 1:
        return view[::-1]
    ends = [*image.offset[1:], image.bytes]
    rows = [view[at:at + stride] for begin, end, stride in zip(image.offset, ends, image.stride)
            for at in range(end - stride, begin - 1, -stride)]
    return numpy.concatenate(rows) if numpy else memoryview(b"".join(rows))


def _event_dict(event: c.Event) -> Optional[EventDict]:
    """An event with renderview's names; None if it is not input."""
    name = _TYPES.get(event.type)
    if name is None:
        return None
    out: EventDict = {"type": name, "number": event.number, "timestamp": event.time_ns / 1e9, "viewer": event.viewer}
    if name == "resize":
        out.update(width=event.width / event.ratio, height=event.height / event.ratio, pwidth=event.width,
                   pheight=event.height, ratio=event.ratio)
        return out
    if name in ("key_down", "key_up"):
        out["key"] = event.key.decode(errors="replace")
    else:
        out.update(x=event.x, y=event.y, pointer=event.pointer, buttons=_HELD_BUTTONS[event.buttons & 31])
        if name == "wheel":
            out.update(dx=event.dx, dy=event.dy)
        else:
            out["button"] = event.button
    out["modifiers"] = _HELD_MODIFIERS[event.modifiers & 15]
    return out


def _event_struct(event: EventDict) -> c.Event:
    """The reverse of _event_dict."""
    out = c.Event(type=c.lib.shmcast_event_type(str(event["type"]).encode()), ratio=1)
    if not out.type:
        raise ValueError(f"{event['type']}: no such event")
    for name in ("x", "y", "dx", "dy", "button", "pointer", "ratio", "viewer"):
        if name in event:
            setattr(out, name, event[name])
    out.width = event.get("pwidth", round(event.get("width", 0) * out.ratio))
    out.height = event.get("pheight", round(event.get("height", 0) * out.ratio))
    out.key = event.get("key", "").encode()
    out.buttons = sum(1 << (n - 1) for n in event.get("buttons", ()))
    out.modifiers = sum(bit for name, bit in _MODIFIERS if name in event.get("modifiers", ()))
    return out


class Stream:
    """A named stream in shared memory. shmcast(7) explains streams.

    With size, in pixels as (width, height), the stream is created and belongs to this object: it is
    removed with it, and at the end of the program. Frames may be smaller. Without size, the existing
    stream of that name is attached. An object is used by one thread at a time.

    name: without it, a new stream gets a random one.
    format: gray8, rgb24, bgr24, rgba, bgra, yuv420p, yuv422p, yuv444p, or f32 for arrays.
    slots: frames held at a time, at least the number of readers and 2.
    replace: supersedes a stream of that name, whose programs attach the new one.
    keep: the stream stays at the end.
    """

    def __init__(self, name: Optional[str] = None, size: Optional[Size] = None, *, format: str = "rgb24",
                 slots: int = 4, replace: bool = False, keep: bool = False, mode: int = 0o600) -> None:
        self._image: Optional[c.Image] = None  # a frame that was begun
        self._pinned: Any = None
        self._waiting: Set[Callable[[], None]] = set()  # news() that wait for the handle's descriptor
        self.name = name or f"python-{os.getpid()}-{secrets.token_hex(4)}"
        if size is None:
            self._handle: Optional[_Handle] = _Handle(c.lib.shmcast_attach(self.name.encode()))
        else:
            spec = c.Spec(width=size[0], height=size[1], format=c.FORMATS[format], slots=slots, mode=mode,
                          flags=c.REPLACE * replace | c.KEEP * keep)
            self._handle = _Handle(c.lib.shmcast_create(self.name.encode(), spec))
        info = self._info()
        self.format = next(name for name, number in c.FORMATS.items() if number == info.format)

    def __repr__(self) -> str:
        return f"<shmcast.Stream {self.name}{'' if self._handle else ', closed'}>"

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Detaches the stream, and removes it if it is this object's, once no view of a frame is left."""
        self._take_handle(None)

    def _take_handle(self, handle: Optional[_Handle]) -> None:
        """In place of the old one, whose descriptor an event loop is not to watch when it is closed."""
        for wake in list(self._waiting):
            wake()
        self._image = self._pinned = None
        self._handle = handle

    @property
    def _pointer(self) -> int:
        if not self._handle:
            raise OSError(errno.EBADF, f"the stream {self.name} is closed")
        return self._handle.pointer

    def _info(self) -> c.Info:
        info = c.Info()
        if c.lib.shmcast_info(self._pointer, info):
            raise c.fail()
        return info

    @property
    def size(self) -> Size:
        """(width, height) of the largest frame, in pixels."""
        info = self._info()
        return info.width, info.height

    def _check(self, result: int) -> int:
        """Returns a result of the library that is not an error. A stream that was superseded is followed: the
        caller starts again after InterruptedError."""
        if result >= 0:
            return result
        if ctypes.get_errno() == errno.ESTALE:
            try:
                self._take_handle(_Handle(c.lib.shmcast_attach(self.name.encode())))
            except FileNotFoundError:
                ctypes.set_errno(errno.EIDRM)
                raise c.fail() from None
            c.lib.shmcast_seek(self._pointer, 0)
            raise InterruptedError(errno.ESTALE, f"the stream {self.name} was superseded")
        raise c.fail()

    # Frames

    def frame(self, size: Optional[Size] = None, format: Optional[str] = None) -> Any:
        """A free slot, to be filled in and published; None if all slots are in use, so that this frame is dropped.

        Returns a numpy array of uint8, shape (height, width, channels), or (height, width) for gray8 and, as
        float32, f32; of YUV formats their bytes. Without numpy a memoryview of that shape. It is shared memory,
        not to be written to after publish(). size: (width, height) in pixels, by default the stream's.
        """
        while True:
            if self._image:
                c.lib.shmcast_abort(self._pointer, c.FRAMES)
                self._image = None
            image = c.Image(format=c.FORMATS[format or self.format])
            image.width, image.height = size or self.size
            try:
                result = c.lib.shmcast_begin(self._pointer, c.FRAMES, image)
                if result < 0 and ctypes.get_errno() == errno.EAGAIN:
                    return None
                self._check(result)
            except InterruptedError:
                continue
            self._image = image
            return _view(self._handle, image)  # type: ignore[arg-type]

    def publish(self, *, bottom_up: bool = False, event: Optional[int] = None, alpha: bool = True) -> int:
        """Publishes the frame that frame() returned, and returns its number: 1, 2, 3 …

        bottom_up: the first row is the lowest, as in OpenGL. event: number of the last event that the frame
        shows, by default the last one that events() returned; viewers see their input delay by it. alpha: without,
        the fourth channel of rgba and bgra is ignored.
        """
        if not self._image:
            raise ValueError("publish() needs a frame()")
        image, self._image = self._image, None
        image.flags |= c.BOTTOM_UP * bottom_up
        image.event = event or 0
        image.alpha = 0 if alpha else c.ALPHA_IGNORED
        try:
            self._check(c.lib.shmcast_publish(self._pointer, c.FRAMES, image))
        except InterruptedError:
            return 0  # the frame went with the stream
        return image.number

    def latest(self) -> Any:
        """The newest frame, shaped as by frame(), the top row first; None if there is none yet. It stays as it
        is until the next call, and is not to be written to."""
        image = c.Image()
        try:
            got = self._check(c.lib.shmcast_pin(self._pointer, c.FRAMES, image))
        except InterruptedError:
            return self.latest()
        if got:
            view = _view(self._handle, image)  # type: ignore[arg-type]
            self._pinned = _top_first(view, image) if image.flags & c.BOTTOM_UP else view
        return self._pinned

    @property
    def watched(self) -> bool:
        """Whether anybody wants new frames. Programs may draw only then."""
        while True:
            try:
                return bool(self._check(c.lib.shmcast_wanted(self._pointer, c.FRAMES)))
            except InterruptedError:
                continue

    # Events

    def _read(self) -> List[EventDict]:
        batch = (c.Event * _BATCH)()
        bytes_each = ctypes.sizeof(c.Event)
        out: List[EventDict] = []
        count = _BATCH
        while count == _BATCH:
            try:
                count = self._check(c.lib.shmcast_events(self._pointer, batch, bytes_each, _BATCH, None))
            except InterruptedError:
                continue
            left = c.lib.shmcast_coalesce(batch, bytes_each, count)
            out += filter(None, map(_event_dict, batch[:left]))
        return out

    def events(self, timeout: Optional[float] = 0) -> List[EventDict]:
        """The viewers' events since the last call, in order, as dictionaries with renderview's names.

        timeout: seconds to wait if there are none; None: no limit. number is the position in the stream's log.
        x and y are fractions of the image, 0 to 1 from the left and the top, not pixels. dx and dy are pixels.
        resize has pwidth and pheight in pixels of the screen, and width, height in CSS pixels. buttons are a
        tuple of 1 left, 2 right, 3 middle, 4, 5; modifiers a tuple of Shift, Control, Alt, Meta. timestamp is
        in seconds of CLOCK_MONOTONIC. Moves and wheel steps that follow each other are merged.
        """
        out = self._read()
        if not out and timeout != 0 and self.wait(c.EVENTS, timeout):
            out = self._read()
        return out

    def wait(self, parts: int, timeout: Optional[float] = None) -> int:
        """Sleeps until a part has news: FRAMES, EVENTS, DEMAND (somebody watches) of this module, combined by |.
        Returns the parts that have, 0 after timeout seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = -1 if until is None else max(0, int((until - time.monotonic()) * 1e9))
            try:
                return self._check(c.lib.shmcast_wait(self._pointer, parts, left))
            except InterruptedError:
                continue  # Python has run its signal handlers

    def fileno(self) -> int:
        """A descriptor for select() and event loops, readable when there is news; see arm()."""
        fd = c.lib.shmcast_fd(self._pointer)
        if fd < 0:
            raise c.fail()
        return fd

    def arm(self, parts: int = c.EVENTS) -> None:
        """Makes news of these parts readable in fileno(): before looking for news, and each time it was readable."""
        while True:
            try:
                self._check(c.lib.shmcast_arm(self._pointer, parts))
                return
            except InterruptedError:
                continue

    async def news(self, parts: int = c.EVENTS) -> AsyncIterator[List[EventDict]]:
        """In an asyncio loop: yields the events, as events() does, at once and then each time a part has news, which
        may be none. Ends when the stream is removed or this object closed."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if wake in self._waiting:
                self._waiting.remove(wake)
                loop.remove_reader(fd)
            if not (readable.done() or loop.is_closed()):
                readable.set_result(None)

        try:
            while True:
                self.arm(parts)
                yield self.events()
                readable = loop.create_future()
                fd = self.fileno()
                loop.add_reader(fd, wake)
                self._waiting.add(wake)
                try:
                    await readable
                finally:
                    wake()
        except OSError as error:
            if error.errno not in (errno.EIDRM, errno.EBADF):
                raise

    async def __aiter__(self) -> AsyncIterator[EventDict]:
        async for events in self.news():
            for event in events:
                yield event

    def send(self, *events: EventDict) -> None:
        """Appends events, as events() returns them, to the stream's log, as a viewer does."""
        batch = (c.Event * len(events))(*map(_event_struct, events))
        while True:
            try:
                self._check(c.lib.shmcast_inject(self._pointer, batch, ctypes.sizeof(c.Event), len(events)))
                return
            except InterruptedError:
                continue


FRAMES, EVENTS, DEMAND = c.FRAMES, c.EVENTS, c.DEMAND
