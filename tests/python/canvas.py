"""An unmodified rendercanvas program: one colour, red and then, after a key, yellow. stdout: its events and draws."""
import numpy
from rendercanvas.auto import RenderCanvas, loop

canvas = RenderCanvas(size=(320, 240), update_mode="ondemand")
context = canvas.get_bitmap_context()
colour = [255, 0, 0, 255]


@canvas.add_event_handler("*")
def handle(event):
    if event["event_type"] != "before_draw":
        print(*event.items(), flush=True)
    if event["event_type"] == "key_down":
        colour[1] = 255
        canvas.request_draw()


@canvas.request_draw
def draw():
    width, height = canvas.get_physical_size()
    print("drawn", width, height, flush=True)
    image = numpy.empty((height, width, 4), numpy.uint8)
    image[:] = colour
    context.set_bitmap(image)


loop.run()
