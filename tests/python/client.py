"""A program with FURY's stream client: two of its lines are changed. stdout: the stream's name, the page's address,
and the position of each press."""
import fury.actor
import fury.window
import numpy
from fury.stream.client import FuryStreamClient, FuryStreamInteraction
import shmcast.fury

balls = fury.window.Scene()
balls.background((0, 0, 1))
ball = fury.actor.sphere(numpy.zeros((1, 3)), colors=(1, 0, 0), radii=1)
ball.GetProperty().LightingOff()
balls.add(ball)
manager = fury.window.ShowManager(scene=balls, size=(320, 240))
manager.initialize()
stream = FuryStreamClient(manager)
interaction = FuryStreamInteraction(manager)
stream.img_manager = shmcast.fury.ImageBufferManager(stream.max_window_size)
interaction.circular_queue = shmcast.fury.CircularQueue(stream.img_manager)
for name in "LeftButtonPressEvent", "RightButtonPressEvent", "MiddleButtonPressEvent":
    manager.iren.AddObserver(name, lambda source, name: print(
        name, *source.GetEventPosition(), source.GetControlKey(), source.GetShiftKey(), flush=True), 1.0)
print(stream.img_manager.stream.name)
print(stream.img_manager.url, flush=True)
stream.start(ms=16)
interaction.start(ms=5)
manager.start()
