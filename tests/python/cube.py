"""An unmodified pygfx program: a red cube before blue, with an orbit controller, always drawn."""
import pygfx as gfx
from rendercanvas.auto import RenderCanvas, loop

canvas = RenderCanvas(size=(320, 240), update_mode="continuous", max_fps=30)
renderer = gfx.renderers.WgpuRenderer(canvas)
scene = gfx.Scene()
scene.add(gfx.Background.from_color("#00f"))
scene.add(gfx.Mesh(gfx.box_geometry(200, 200, 200), gfx.MeshBasicMaterial(color="#f00")))
camera = gfx.PerspectiveCamera(70, 4 / 3)
camera.local.z = 400
controller = gfx.OrbitController(camera, register_events=renderer)
draws = 0


@canvas.request_draw
def animate():
    global draws
    draws += 1
    renderer.render(scene, camera)
    print("drawn", draws, flush=True)


loop.run()
