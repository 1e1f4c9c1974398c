"""show(): a VTK window in a browser, with the viewers' input."""
from __future__ import annotations

import asyncio
import errno
import os
from typing import Any, List, Optional, Tuple

from . import _library as c
from .serve import Server
from .stream import EventDict, Stream

# Keys of the DOM that X, and so VTK, calls otherwise.
_KEYSYMS = {" ": "space", "Enter": "Return", "ArrowLeft": "Left", "ArrowRight": "Right", "ArrowUp": "Up",
            "ArrowDown": "Down", "PageUp": "Prior", "PageDown": "Next", "Control": "Control_L", "Shift": "Shift_L",
            "Alt": "Alt_L", "Meta": "Super_L", "+": "plus", "-": "minus", ".": "period", ",": "comma", "/": "slash"}
_BUTTONS = {1: "LeftButton", 2: "RightButton", 3: "MiddleButton", 4: "FourthButton", 5: "FifthButton"}
_DRAWN = "EndEvent"


class _Window:
    """A VTK render window, also of a PyVista plotter or FURY's ShowManager: drawn into frames, driven by events."""

    def __init__(self, window: Any) -> None:
        if hasattr(window, "_on_first_render_request"):  # PyVista: sets the camera
            window._on_first_render_request()
        self.window = next((found for found in (getattr(window, name, None) for name in
                                                ("render_window", "ren_win", "window")) if found), window)
        if not hasattr(self.window, "GetRenderers"):
            raise TypeError(f"show() takes a VTK render window, a PyVista plotter or a FURY ShowManager, not {window!r}")
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray, vtkVersion
        self._array = vtkUnsignedCharArray
        if self.window.IsA("vtkXOpenGLRenderWindow") and not os.environ.get("DISPLAY"):
            # VTK would end the program.
            raise RuntimeError(f"VTK {vtkVersion.GetVTKVersion()} needs an X display for this window: use xvfb-run, or "
                               "VTK 9.4 or later")
        if not self.window.GetMapped():
            self.window.SetShowWindow(False)
            self.window.SetOffScreenRendering(True)
        self.interactor = self.window.GetInteractor() or self._new_interactor()
        self.interactor.EnableRenderOff()  # show() draws once for all events that have come

    def _new_interactor(self) -> Any:
        from vtkmodules.vtkInteractionStyle import vtkInteractorStyleTrackballCamera
        from vtkmodules.vtkRenderingUI import vtkGenericRenderWindowInteractor
        interactor = vtkGenericRenderWindowInteractor()
        interactor.SetInteractorStyle(vtkInteractorStyleTrackballCamera())
        interactor.SetRenderWindow(self.window)
        interactor.Initialize()
        return interactor

    @property
    def size(self) -> Tuple[int, int]:
        width, height = self.window.GetSize()
        return (width, height) if width and height else (640, 480)

    def resize(self, width: int, height: int) -> None:
        self.window.SetSize(width, height)

    def draw(self) -> None:
        self.window.Render()

    def is_picking(self) -> bool:
        """Whether Render() draws for a selection: the colours are then identifiers, and no picture."""
        return any(renderer.GetSelector() for renderer in self.window.GetRenderers())

    def read(self, frame: Any) -> None:
        """Copies the picture to frame, the lowest row first."""
        height, width, channels = frame.shape
        pixels = self._array()
        pixels.SetVoidArray(frame, frame.size, 1)
        pixels.SetNumberOfComponents(channels)
        self.window.GetPixelData(0, 0, width - 1, height - 1, int(not self.window.GetDoubleBuffer()), pixels, 0)

    def handle(self, event: EventDict) -> None:
        kind, _, action = event["type"].partition("_")
        held = event.get("modifiers", ())
        interactor = self.interactor
        key = event.get("key", "")
        char = key if len(key) == 1 and key.isascii() else "\0"  # VTK has a byte for it
        x, y = interactor.GetEventPosition()
        if "x" in event:
            width, height = self.size
            x, y = round(event["x"] * width), height - 1 - round(event["y"] * height)
        interactor.SetEventInformation(x, y, "Control" in held, "Shift" in held, char, 0, _KEYSYMS.get(key, key))
        interactor.SetAltKey("Alt" in held)
        if kind == "wheel":
            self._turn(event["dy"] or event["dx"])
        elif kind == "double":
            interactor.InvokeEvent(_BUTTONS.get(event["button"], "LeftButton") + "DoubleClickEvent")
        elif kind == "key":
            interactor.InvokeEvent("KeyPressEvent" if action == "down" else "KeyReleaseEvent")
            if action == "down" and char != "\0":
                interactor.InvokeEvent("CharEvent")
        elif action == "move":
            interactor.InvokeEvent("MouseMoveEvent")
        elif action in ("enter", "leave"):
            interactor.InvokeEvent(action.capitalize() + "Event")
        elif event["button"] in _BUTTONS:
            interactor.InvokeEvent(_BUTTONS[event["button"]] + ("Press" if action == "down" else "Release") + "Event")

    def _turn(self, dy: float) -> None:
        """100 pixels of the wheel are a step of VTK's; touchpads send parts of it."""
        style = self.interactor.GetInteractorStyle()
        factor = style.GetMouseWheelMotionFactor() if hasattr(style, "GetMouseWheelMotionFactor") else None
        if factor is not None:
            style.SetMouseWheelMotionFactor(factor * min(abs(dy) / 100, 10))
        self.interactor.InvokeEvent("MouseWheelBackwardEvent" if dy > 0 else "MouseWheelForwardEvent")
        if factor is not None:
            style.SetMouseWheelMotionFactor(factor)


class Viewer:
    """A window in a browser, as show() returns it.

    url: the address to open. stream: the Stream. In a notebook the object is shown as the picture.
    """

    def __init__(self, window: Any, max_size: Tuple[int, int], **options: Any) -> None:
        self._window = _Window(window)
        width, height = self._window.size
        self._max = max(width, max_size[0]), max(height, max_size[1])
        self._server: Optional[Server] = Server(self._max, **options)
        self.stream = Stream(self._server.name)
        self._observers = [(self._window.window, self._window.window.AddObserver(_DRAWN, self._drawn)),
                           (self._window.interactor, self._window.interactor.AddObserver("RenderEvent", self._changed))]
        self._dirty = True
        self._taking = False
        self._task: Optional[asyncio.Task[None]] = None
        try:
            self._task = asyncio.get_running_loop().create_task(self._serve())
        except RuntimeError:
            pass  # no asyncio: the program calls run() or update()

    def __repr__(self) -> str:
        return f"<shmcast.Viewer {self.url}>"

    def _repr_html_(self) -> str:
        return self._server.frame_html(*self._window.size) if self._server else "<p>closed</p>"

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address to open, with a token that allows control."""
        return self._server.url if self._server else "closed"

    def close(self) -> None:
        """Ends the programs that show the window, and removes the stream."""
        if not self._server:
            return
        for source, tag in self._observers:
            source.RemoveObserver(tag)
        task, self._task = self._task, None  # asyncio reports an exception of a task without references
        if task:
            task.cancel()
        self.stream.close()
        self._server.close()
        self._server = None

    def render(self) -> None:
        """Draws the window now, or once somebody watches. A Render() of the window has the same effect."""
        if self.stream.watched:
            self._window.draw()
        else:
            self._changed()

    def _changed(self, *_: object) -> None:
        """The window is to be drawn once somebody watches."""
        self._dirty = True
        if self._task and not self._taking and self.stream.watched:
            self._task.get_loop().call_soon(self._draw)

    def _drawn(self, *_: object) -> None:
        """The window was drawn, by this object or by the program."""
        if self._window.is_picking():
            return
        if self._taking or not self.stream.watched:
            self._changed()
            return
        frame = self.stream.frame(self._window.size)
        if frame is None:
            return  # all slots are in use: the next event, or the end of the timeout, draws again
        self._window.read(frame)
        self.stream.publish(bottom_up=True)
        self._dirty = False

    def _resize(self, event: EventDict) -> None:
        """Follows the size of the page, as far as the stream has room, in its proportions."""
        width, height = event["pwidth"], event["pheight"]
        part = min(1.0, self._max[0] / width, self._max[1] / height)
        self._window.resize(max(1, int(width * part)), max(1, int(height * part)))
        self._dirty = True

    def update(self, timeout: Optional[float] = 0) -> bool:
        """Handles the input that has come, waiting timeout seconds for it (None: no limit), and draws the window if it
        has changed and somebody watches. False once the stream was removed."""
        try:
            if not (self._dirty and self.stream.watched):
                self.stream.wait(c.EVENTS | (c.DEMAND if self._dirty else 0), timeout)
            self._take(self.stream.events())
        except OSError as error:
            if error.errno not in (errno.EIDRM, errno.EBADF):
                raise
            return False
        return True

    def run(self) -> None:
        """Serves the viewers until Ctrl-C, or until the stream is removed."""
        print(self.url, flush=True)
        try:
            while self.update(None):
                pass
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def _take(self, events: List[EventDict]) -> None:
        """Handles events, and draws once for all of them."""
        self._taking = True
        try:
            for event in events:
                if event["type"] == "resize":
                    self._resize(event)
                else:
                    self._window.handle(event)
        finally:
            self._taking = False
        self._draw()

    def _draw(self) -> None:
        if self._dirty and self._server and self.stream.watched:
            self._window.draw()

    async def _serve(self) -> None:
        """In an asyncio loop, between what else runs there."""
        problem: Optional[Exception] = None
        try:
            async for events in self.stream.news(c.EVENTS | c.DEMAND):
                self._take(events)
        except Exception as error:
            if getattr(error, "errno", 0) not in (errno.EIDRM, errno.EBADF):
                problem = error
        self.close()
        if problem:
            raise problem


def show(window: Any, *, max_size: Tuple[int, int] = (1920, 1080), **options: Any) -> Viewer:
    """Streams a window, which obeys the input of its viewers.

    window: a vtkRenderWindow, a PyVista plotter, or a ShowManager of FURY 0.x. It is drawn only while somebody watches
    and something has changed, and follows the size of the page up to max_size, (width, height) in pixels.
    options: those of shmcast.serve.Server: server="rtc-serve" for WebRTC, port, bind, quality, host, origin, token.

    In a notebook, where an asyncio loop runs, the viewer works by itself between cells; a last line `viewer` shows it.
    Elsewhere call its run(), or update() again and again.
    """
    return Viewer(window, max_size, **options)
