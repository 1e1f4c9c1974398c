"""scene.py vtk|pyvista|fury: a red ball before blue, in show(). stdout: the stream's name, the page's address, and a
line for each time that it is drawn, for each press, and at the end."""
import sys
import shmcast

if sys.argv[1] == "vtk":
    import vtkmodules.vtkInteractionStyle
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
    from vtkmodules.vtkFiltersSources import vtkSphereSource
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow
    mapper = vtkPolyDataMapper()
    source = vtkSphereSource()
    mapper.SetInputConnection(source.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(1, 0, 0)
    actor.GetProperty().LightingOff()
    renderer = vtkRenderer()
    renderer.AddActor(actor)
    renderer.SetBackground(0, 0, 1)
    renderer.ResetCamera()
    scene = window = vtkRenderWindow()
    window.SetSize(320, 240)
    window.AddRenderer(renderer)
elif sys.argv[1] == "pyvista":
    import pyvista
    scene = pyvista.Plotter(off_screen=True, window_size=(320, 240))
    scene.add_mesh(pyvista.Sphere(), color="red", lighting=False)
    scene.background_color = "blue"
    window = scene.render_window
else:
    import fury.actor
    import fury.window
    import numpy
    balls = fury.window.Scene()
    balls.background((0, 0, 1))
    ball = fury.actor.sphere(numpy.zeros((1, 3)), colors=(1, 0, 0), radii=1)
    ball.GetProperty().LightingOff()
    balls.add(ball)
    scene = fury.window.ShowManager(scene=balls, size=(320, 240))
    window = scene.window

viewer = shmcast.show(scene)
interactor = window.GetInteractor()


def drawn(*_):
    if not window.GetRenderers().GetFirstRenderer().GetSelector():  # FURY draws to pick as well
        print("drawn", *window.GetSize(), flush=True)


window.AddObserver("EndEvent", drawn)
for name in "LeftButtonPressEvent", "RightButtonPressEvent", "MouseWheelBackwardEvent", "KeyPressEvent":
    interactor.AddObserver(name, lambda source, name: print(name, *source.GetEventPosition(), source.GetControlKey(),
                                                            source.GetKeySym(), flush=True), 1.0)
print(viewer.stream.name, flush=True)
viewer.run()
print("ended", flush=True)
