/*
 * vtk NAME: a VTK scene without a window, in a new stream of that name. The viewers turn it with
 * VTK's own interactor style, wheel and buttons included. Draws after input, and while nobody
 * sends any costs nothing. A viewer's page of another size gets a scene of its size.
 *
 * With CMake: find_package(VTK), pkg_check_modules(shmcast) and target_link_libraries.
 */
#include <cerrno>
#include <cstdio>
#include <shmcast.h>
#include <vtkActor.h>
#include <vtkAutoInit.h>
#include <vtkCommand.h>
#include <vtkConeSource.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkInteractorStyleTrackballCamera.h>
#include <vtkNew.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderWindow.h>
#include <vtkRenderer.h>
#include <vtkUnsignedCharArray.h>

VTK_MODULE_INIT(vtkRenderingOpenGL2);
VTK_MODULE_INIT(vtkInteractionStyle);

namespace
{

/* The window's pixels, written into the stream's memory, the lowest row first. */
bool show(shmcast_stream *s, vtkRenderWindow *window)
{
    const int *size = window->GetSize();
    shmcast_image image{};
    image.size = sizeof image;
    image.flags = SHMCAST_BOTTOM_UP;
    image.width = static_cast<uint32_t>(size[0]);
    image.height = static_cast<uint32_t>(size[1]);
    window->Render();
    if (shmcast_begin(s, SHMCAST_FRAMES, &image))
        return errno == EAGAIN;
    vtkNew<vtkUnsignedCharArray> pixels;
    pixels->SetNumberOfComponents(3);
    pixels->SetArray(static_cast<unsigned char *>(image.data), static_cast<vtkIdType>(image.bytes),
                     1);
    window->GetPixelData(0, 0, size[0] - 1, size[1] - 1, 0, pixels);
    return shmcast_publish(s, SHMCAST_FRAMES, &image) == 0;
}

/* The stream of a viewer's size. */
bool resize(shmcast_stream *s, vtkRenderWindow *window, const shmcast_event &event)
{
    shmcast_spec spec{};
    spec.size = sizeof spec;
    spec.width = event.width;
    spec.height = event.height;
    window->SetSize(static_cast<int>(event.width), static_cast<int>(event.height));
    return shmcast_replace(s, &spec) == 0;
}

unsigned long vtk_event(const shmcast_event &event)
{
    bool down = event.type == SHMCAST_POINTER_DOWN;
    switch (event.type) {
    case SHMCAST_POINTER_MOVE:
        return vtkCommand::MouseMoveEvent;
    case SHMCAST_WHEEL:
        return event.dy < 0 ? vtkCommand::MouseWheelForwardEvent
                            : vtkCommand::MouseWheelBackwardEvent;
    case SHMCAST_POINTER_DOWN:
    case SHMCAST_POINTER_UP:
        if (event.button == 1)
            return down ? vtkCommand::LeftButtonPressEvent : vtkCommand::LeftButtonReleaseEvent;
        if (event.button == 2)
            return down ? vtkCommand::RightButtonPressEvent : vtkCommand::RightButtonReleaseEvent;
        return down ? vtkCommand::MiddleButtonPressEvent : vtkCommand::MiddleButtonReleaseEvent;
    default:
        return vtkCommand::NoEvent;
    }
}

void pass_on(vtkRenderWindowInteractor *to, const shmcast_event &event)
{
    const int *size = to->GetRenderWindow()->GetSize();
    to->SetEventInformation(static_cast<int>(event.x * static_cast<float>(size[0])),
                            static_cast<int>((1 - event.y) * static_cast<float>(size[1])),
                            (event.modifiers & SHMCAST_CTRL) != 0,
                            (event.modifiers & SHMCAST_SHIFT) != 0);
    to->InvokeEvent(vtk_event(event));
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: vtk NAME\n");
        return 1;
    }
    vtkNew<vtkConeSource> cone;
    vtkNew<vtkPolyDataMapper> mapper;
    vtkNew<vtkActor> actor;
    vtkNew<vtkRenderer> renderer;
    vtkNew<vtkRenderWindow> window;
    vtkNew<vtkGenericRenderWindowInteractor> interactor;
    vtkNew<vtkInteractorStyleTrackballCamera> style;
    cone->SetResolution(24);
    mapper->SetInputConnection(cone->GetOutputPort());
    actor->SetMapper(mapper);
    actor->GetProperty()->SetColor(1, 0.6, 0.2);
    renderer->AddActor(actor);
    renderer->SetBackground(0, 0, 0.4);
    window->SetOffScreenRendering(1);
    window->SetSize(320, 240);
    window->AddRenderer(renderer);
    interactor->SetRenderWindow(window);
    interactor->SetInteractorStyle(style);
    interactor->EnableRenderOff(); /* drawn once, after all the events that are there */
    interactor->Initialize();

    shmcast_spec spec{};
    spec.size = sizeof spec;
    spec.width = 320;
    spec.height = 240;
    shmcast_stream *s = shmcast_create(argv[1], &spec);
    bool good = s && show(s, window);
    while (good && shmcast_wait(s, SHMCAST_EVENTS, -1) > 0) {
        shmcast_event events[64];
        long count = shmcast_events(s, events, sizeof events[0], 64, nullptr);
        for (long i = 0; i < count && good; i++)
            if (events[i].type == SHMCAST_RESIZE)
                good = resize(s, window, events[i]);
            else
                pass_on(interactor, events[i]);
        good = good && count >= 0 && show(s, window);
    }
    std::fprintf(stderr, "vtk: %s: %s\n", argv[1], shmcast_strerror(errno));
    shmcast_close(s);
    return 1;
}
