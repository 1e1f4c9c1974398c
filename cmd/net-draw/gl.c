#include "gl.h"
#include "shaders.h"
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS, PAIRS, BUFFERS };
enum { RASTER, ATLAS, TEXTURES };

struct gl {
    EGLDisplay display;
    EGLContext context;
    GLuint program[SHADERS_COUNT], buffer[BUFFERS], texture[TEXTURES], array, framebuffer,
        renderbuffer;
    uint32_t width, height;               /* of the renderbuffer */
    uint32_t raster_width, raster_height; /* of the raster texture */
    uint32_t edges;
    GLint side_max;
};

static GLuint compile_shader(GLenum type, const char *text)
{
    GLuint shader = glCreateShader(type);
    GLint ok = 0;
    glShaderSource(shader, 1, &text, NULL);
    glCompileShader(shader);
    glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    return ok ? shader : 0;
}

static bool link_program(struct gl *gl, int index)
{
    GLuint v = compile_shader(GL_VERTEX_SHADER, shaders_vertex[index]);
    GLuint f = compile_shader(GL_FRAGMENT_SHADER, shaders_fragment[index]);
    GLint ok = 0;
    if (v && f) {
        gl->program[index] = glCreateProgram();
        glAttachShader(gl->program[index], v);
        glAttachShader(gl->program[index], f);
        glLinkProgram(gl->program[index]);
        glGetProgramiv(gl->program[index], GL_LINK_STATUS, &ok);
    }
    glDeleteShader(v);
    glDeleteShader(f);
    return ok;
}

static void set_up(struct gl *gl)
{
    glGenBuffers(BUFFERS, gl->buffer);
    glGenTextures(TEXTURES, gl->texture);
    glGenVertexArrays(1, &gl->array);
    glGenFramebuffers(1, &gl->framebuffer);
    glGenRenderbuffers(1, &gl->renderbuffer);
    glBindVertexArray(gl->array);
    glEnableVertexAttribArray(0);
    glEnableVertexAttribArray(1);
    glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &gl->side_max);
    GLint texture_max = 0;
    glGetIntegerv(GL_MAX_TEXTURE_SIZE, &texture_max);
    if (texture_max < gl->side_max)
        gl->side_max = texture_max;
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
    for (int i = 0; i < TEXTURES; i++) {
        glActiveTexture(GL_TEXTURE0 + (GLenum)i);
        glBindTexture(GL_TEXTURE_2D, gl->texture[i]);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    }
    glActiveTexture(GL_TEXTURE0 + ATLAS);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_R8, GL_ATLAS, GL_ATLAS);
    glUseProgram(gl->program[SHADERS_BACKGROUND]);
    glUniform1i(glGetUniformLocation(gl->program[SHADERS_BACKGROUND], "raster"), RASTER);
    glUseProgram(gl->program[SHADERS_GLYPH]);
    glUniform1i(glGetUniformLocation(gl->program[SHADERS_GLYPH], "atlas"), ATLAS);
}

/* Prefers Mesa's surfaceless display, which works with and without graphics hardware. */
static bool open_display(struct gl *gl)
{
    PFNEGLGETPLATFORMDISPLAYEXTPROC platform =
        (PFNEGLGETPLATFORMDISPLAYEXTPROC)eglGetProcAddress("eglGetPlatformDisplayEXT");
    const char *extensions = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
    if (platform && extensions && strstr(extensions, "EGL_MESA_platform_surfaceless"))
        gl->display = platform(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
    if (gl->display == EGL_NO_DISPLAY)
        gl->display = eglGetDisplay(EGL_DEFAULT_DISPLAY);
    return gl->display != EGL_NO_DISPLAY && eglInitialize(gl->display, NULL, NULL);
}

static bool open_context(struct gl *gl)
{
    static const EGLint attributes[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE,
                                        EGL_OPENGL_ES3_BIT, EGL_NONE};
    static const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE};
    EGLConfig config;
    EGLint found = 0;
    if (!eglBindAPI(EGL_OPENGL_ES_API) ||
        !eglChooseConfig(gl->display, attributes, &config, 1, &found) || !found)
        return false;
    gl->context = eglCreateContext(gl->display, config, EGL_NO_CONTEXT, version);
    return gl->context != EGL_NO_CONTEXT &&
           eglMakeCurrent(gl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, gl->context);
}

struct gl *gl_new(const char **why)
{
    struct gl *gl = calloc(1, sizeof *gl);
    *why = "out of memory";
    if (!gl)
        return NULL;
    *why = "no EGL display without a window; install libegl1 and libgl1-mesa-dri";
    if (!open_display(gl))
        goto fail;
    *why = "no OpenGL ES 3; install libgl1-mesa-dri";
    if (!open_context(gl))
        goto fail;
    *why = "this OpenGL driver rejects the shaders; install libgl1-mesa-dri";
    for (int i = 0; i < SHADERS_COUNT; i++)
        if (!link_program(gl, i))
            goto fail;
    set_up(gl);
    return gl;
fail:
    gl_free(gl);
    return NULL;
}

void gl_free(struct gl *gl)
{
    if (!gl)
        return;
    if (gl->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(gl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        if (gl->context != EGL_NO_CONTEXT)
            eglDestroyContext(gl->display, gl->context); /* with all its objects */
        /* The display belongs to the process and ends with it. */
    }
    free(gl);
}

const char *gl_renderer(const struct gl *gl)
{
    (void)gl;
    return (const char *)glGetString(GL_RENDERER);
}

bool gl_software(const struct gl *gl)
{
    const char *name = gl_renderer(gl);
    return strstr(name, "llvmpipe") || strstr(name, "softpipe") || strstr(name, "swrast");
}

uint32_t gl_side_max(const struct gl *gl)
{
    return (uint32_t)gl->side_max;
}

static int resize(struct gl *gl, uint32_t width, uint32_t height)
{
    if (gl->width == width && gl->height == height)
        return 0;
    glBindRenderbuffer(GL_RENDERBUFFER, gl->renderbuffer);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, (GLsizei)width, (GLsizei)height);
    glBindFramebuffer(GL_FRAMEBUFFER, gl->framebuffer);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER,
                              gl->renderbuffer);
    if (glGetError() != GL_NO_ERROR ||
        glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
        return -1;
    glViewport(0, 0, (GLsizei)width, (GLsizei)height);
    gl->width = width;
    gl->height = height;
    for (int i = 0; i < SHADERS_COUNT; i++) {
        glUseProgram(gl->program[i]);
        glUniform2f(glGetUniformLocation(gl->program[i], "size"), (float)width, (float)height);
    }
    return 0;
}

static void upload_raster(struct gl *gl, const struct raster *raster)
{
    glActiveTexture(GL_TEXTURE0 + RASTER);
    if (gl->raster_width != raster->width || gl->raster_height != raster->height) {
        /* Not glTexStorage2D: its size is fixed. */
        glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA16UI, (GLsizei)raster->width, (GLsizei)raster->height,
                     0, GL_RGBA_INTEGER, GL_UNSIGNED_SHORT, raster->pixels);
        gl->raster_width = raster->width;
        gl->raster_height = raster->height;
    } else {
        glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, (GLsizei)raster->width, (GLsizei)raster->height,
                        GL_RGBA_INTEGER, GL_UNSIGNED_SHORT, raster->pixels);
    }
}

int gl_begin(struct gl *gl, uint32_t width, uint32_t height, const struct theme *theme,
             const struct raster *raster, bool fresh, float cover)
{
    if (resize(gl, width, height))
        return -1;
    if (raster && fresh)
        upload_raster(gl, raster);
    GLuint program = gl->program[SHADERS_BACKGROUND];
    glDisable(GL_BLEND);
    glUseProgram(program);
    glUniform3fv(glGetUniformLocation(program, "middle"), 1, theme->middle);
    glUniform3fv(glGetUniformLocation(program, "rim"), 1, theme->rim);
    glUniform1f(glGetUniformLocation(program, "cover"),
                raster ? -log2f(1 - cover) / RASTER_LINE : 0);
    glDisableVertexAttribArray(0);
    glDisableVertexAttribArray(1);
    glDrawArrays(GL_TRIANGLES, 0, 3);
    glEnableVertexAttribArray(0);
    glEnableVertexAttribArray(1);
    glEnable(GL_BLEND);
    return 0;
}

void gl_network(struct gl *gl, const uint32_t *pairs, uint32_t edges)
{
    gl->edges = edges;
    glBindBuffer(GL_ELEMENT_ARRAY_BUFFER, gl->buffer[PAIRS]);
    glBufferData(GL_ELEMENT_ARRAY_BUFFER, (GLsizeiptr)edges * 8, pairs, GL_STATIC_DRAW);
}

/* Uploads vertices: a number of floats, then a colour. */
static void upload_vertices(struct gl *gl, int index, const void *data, size_t count, int floats)
{
    GLsizei stride = floats * 4 + 4;
    glUseProgram(gl->program[index]);
    glBindBuffer(GL_ARRAY_BUFFER, gl->buffer[POINTS]);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)count * stride, data, GL_STREAM_DRAW);
    glVertexAttribPointer(0, floats, GL_FLOAT, GL_FALSE, stride, (void *)0);
    glVertexAttribPointer(1, 4, GL_UNSIGNED_BYTE, GL_TRUE, stride, (void *)(uintptr_t)(floats * 4));
}

void gl_edges(struct gl *gl, const struct gl_edge_end *ends, uint32_t nodes)
{
    if (!gl->edges)
        return;
    upload_vertices(gl, SHADERS_LINE, ends, nodes, 3);
    glDrawElements(GL_LINES, (GLsizei)gl->edges * 2, GL_UNSIGNED_INT, NULL);
}

void gl_nodes(struct gl *gl, const struct gl_node *nodes, uint32_t count, const struct theme *theme)
{
    if (!count)
        return;
    upload_vertices(gl, SHADERS_NODE, nodes, count, 3);
    glUniform1f(glGetUniformLocation(gl->program[SHADERS_NODE], "shade"), theme->shade);
    glUniform3fv(glGetUniformLocation(gl->program[SHADERS_NODE], "rim"), 1, theme->rim);
    glDrawArrays(GL_POINTS, 0, (GLsizei)count);
}

void gl_atlas(struct gl *gl, const uint8_t *atlas, uint32_t low, uint32_t high)
{
    (void)gl;
    glActiveTexture(GL_TEXTURE0 + ATLAS);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, (GLint)low, GL_ATLAS, (GLsizei)(high - low), GL_RED,
                    GL_UNSIGNED_BYTE, atlas + (size_t)low * GL_ATLAS);
}

void gl_glyphs(struct gl *gl, const struct gl_glyph_corner *corners, uint32_t rectangles)
{
    if (!rectangles)
        return;
    upload_vertices(gl, SHADERS_GLYPH, corners, (size_t)rectangles * 6, 4);
    glDrawArrays(GL_TRIANGLES, 0, (GLsizei)rectangles * 6);
}

void gl_read(struct gl *gl, void *out)
{
    glReadPixels(0, 0, (GLsizei)gl->width, (GLsizei)gl->height, GL_RGBA, GL_UNSIGNED_BYTE, out);
}
