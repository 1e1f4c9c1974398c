#include "gl.h"
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "#version 300 es\nprecision highp float;\nprecision highp int;\n"

/* Pixels from the top left to where OpenGL has them. */
#define PLACE                                                                                      \
    "uniform vec2 size;\nvec4 place(vec2 p) { return vec4(p.x / size.x * 2.0 - 1.0, 1.0 - p.y / "  \
    "size.y * 2.0, 0.0, 1.0); }\n"

enum { BACK, LINE, NODE, LETTER, PROGRAMS };

static const char *const vertex[PROGRAMS] = {
    [BACK] = HEAD "void main() {\n"
                  "    vec2 at = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;\n"
                  "    gl_Position = vec4(at, 0.0, 1.0);\n"
                  "}\n",
    [LINE] = HEAD PLACE "layout(location = 0) in vec3 at;\n"
                        "layout(location = 1) in vec4 colour;\n"
                        "out vec4 ink;\n"
                        "void main() { ink = colour; gl_Position = place(at.xy) * at.z; }\n",
    [NODE] = HEAD PLACE "layout(location = 0) in vec3 at;\n"
                        "layout(location = 1) in vec4 colour;\n"
                        "flat out vec4 ink;\n"
                        "flat out float edge;\n"
                        "void main() {\n"
                        "    ink = colour;\n"
                        "    edge = 1.0 / max(at.z, 0.5);\n"
                        "    gl_Position = place(at.xy);\n"
                        "    gl_PointSize = 2.0 * at.z + 2.0;\n"
                        "}\n",
    [LETTER] =
        HEAD PLACE "layout(location = 0) in vec4 at;\n"
                   "layout(location = 1) in vec4 colour;\n"
                   "out vec4 ink;\n"
                   "out vec2 where;\n"
                   "void main() { ink = colour; where = at.zw; gl_Position = place(at.xy); }\n",
};

static const char *const fragment[PROGRAMS] = {
    /* Ink covers as glass of its colour would, one sheet for each edge. Noise of half a step keeps
       the background from having bands. */
    [BACK] = HEAD "precision highp usampler2D;\n"
                  "uniform usampler2D paint;\n"
                  "uniform vec2 size;\n"
                  "uniform vec3 middle, rim;\n"
                  "uniform float cover;\n"
                  "out vec4 colour;\n"
                  "void main() {\n"
                  "    vec2 at = gl_FragCoord.xy / size - 0.5;\n"
                  "    vec3 back = mix(middle, rim, min(dot(at, at) * 2.0, 1.0));\n"
                  "    back += fract(dot(floor(gl_FragCoord.xy), vec2(0.7548777, 0.5698403))) / "
                  "255.0 - 0.5 / 255.0;\n"
                  "    if (cover > 0.0) {\n"
                  "        vec4 ink = vec4(texelFetch(paint, ivec2(gl_FragCoord.xy), 0));\n"
                  "        float through = exp2(-ink.a * cover);\n"
                  "        back = mix(ink.rgb / max(ink.a, 1.0), back, through);\n"
                  "    }\n"
                  "    colour = vec4(back, 1.0);\n"
                  "}\n",
    [LINE] = HEAD "in vec4 ink;\nout vec4 colour;\nvoid main() { colour = ink; }\n",
    [NODE] = HEAD "uniform float shade;\n"
                  "uniform vec3 rim;\n"
                  "flat in vec4 ink;\n"
                  "flat in float edge;\n"
                  "out vec4 colour;\n"
                  "void main() {\n"
                  "    vec2 at = (gl_PointCoord * 2.0 - 1.0) * (1.0 + edge);\n"
                  "    float square = dot(at, at), off = sqrt(square);\n"
                  "    if (ink.a < 1.0) {\n"
                  "        float light = max(1.0 - off, 0.0);\n"
                  "        colour = vec4(ink.rgb, ink.a * light * light);\n"
                  "        return;\n"
                  "    }\n"
                  "    float up = sqrt(max(1.0 - square, 0.0));\n"
                  "    float lit = dot(vec3(at.x, -at.y, up), vec3(-0.37, 0.56, 0.74));\n"
                  "    vec3 ball = ink.rgb * (1.0 - shade * (1.0 - clamp(lit, 0.0, 1.0)));\n"
                  "    ball += pow(clamp(lit, 0.0, 1.0), 24.0) * 0.28 * shade;\n"
                  "    float dark = clamp(1.25 - edge, 0.0, 1.0) * 0.55;\n"
                  "    ball = mix(ball, rim, smoothstep(1.0 - 1.6 * edge, 1.0, off) * dark);\n"
                  "    colour = vec4(ball, clamp((1.0 - off) / edge + 0.5, 0.0, 1.0));\n"
                  "}\n",
    [LETTER] = HEAD "uniform sampler2D atlas;\n"
                    "in vec4 ink;\n"
                    "in vec2 where;\n"
                    "out vec4 colour;\n"
                    "void main() {\n"
                    "    float part = where.x < 0.0 ? 1.0 : texelFetch(atlas, ivec2(where), 0).r;\n"
                    "    colour = vec4(ink.rgb, ink.a * part);\n"
                    "}\n",
};

enum { POINTS, PAIRS, BUFFERS };
enum { PAINT, ATLAS, TEXTURES };

struct gl {
    EGLDisplay display;
    EGLContext context;
    GLuint program[PROGRAMS], buffer[BUFFERS], texture[TEXTURES], array, frame, pixels;
    uint32_t width, height;             /* of the picture that there is memory for */
    uint32_t paint_width, paint_height; /* of the texture */
    uint32_t edges;
    GLint side_max;
};

static GLuint shader(GLenum kind, const char *text)
{
    GLuint made = glCreateShader(kind);
    GLint ok = 0;
    glShaderSource(made, 1, &text, NULL);
    glCompileShader(made);
    glGetShaderiv(made, GL_COMPILE_STATUS, &ok);
    return ok ? made : 0;
}

static bool link_program(struct gl *gl, int which)
{
    GLuint v = shader(GL_VERTEX_SHADER, vertex[which]);
    GLuint f = shader(GL_FRAGMENT_SHADER, fragment[which]);
    GLint ok = 0;
    if (v && f) {
        gl->program[which] = glCreateProgram();
        glAttachShader(gl->program[which], v);
        glAttachShader(gl->program[which], f);
        glLinkProgram(gl->program[which]);
        glGetProgramiv(gl->program[which], GL_LINK_STATUS, &ok);
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
    glGenFramebuffers(1, &gl->frame);
    glGenRenderbuffers(1, &gl->pixels);
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
    glUseProgram(gl->program[BACK]);
    glUniform1i(glGetUniformLocation(gl->program[BACK], "paint"), PAINT);
    glUseProgram(gl->program[LETTER]);
    glUniform1i(glGetUniformLocation(gl->program[LETTER], "atlas"), ATLAS);
}

/* The GPU's own display, if there is one; else Mesa's in software. */
static bool open_display(struct gl *gl)
{
    PFNEGLGETPLATFORMDISPLAYEXTPROC platform =
        (PFNEGLGETPLATFORMDISPLAYEXTPROC)eglGetProcAddress("eglGetPlatformDisplayEXT");
    const char *can = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
    if (platform && can && strstr(can, "EGL_MESA_platform_surfaceless"))
        gl->display = platform(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
    if (gl->display == EGL_NO_DISPLAY)
        gl->display = eglGetDisplay(EGL_DEFAULT_DISPLAY);
    return gl->display != EGL_NO_DISPLAY && eglInitialize(gl->display, NULL, NULL);
}

static bool open_context(struct gl *gl)
{
    static const EGLint wanted[] = {EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT,
                                    EGL_NONE};
    static const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE};
    EGLConfig config;
    EGLint found = 0;
    if (!eglBindAPI(EGL_OPENGL_ES_API) ||
        !eglChooseConfig(gl->display, wanted, &config, 1, &found) || !found)
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
    *why = "no EGL without a window here; install libegl1 and libgl1-mesa-dri";
    if (!open_display(gl))
        goto fail;
    *why = "no OpenGL ES 3 here; install libgl1-mesa-dri";
    if (!open_context(gl))
        goto fail;
    *why = "this OpenGL doesn't take the shaders";
    for (int i = 0; i < PROGRAMS; i++)
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
            eglDestroyContext(gl->display, gl->context); /* and all that was made in it */
        /* the display is the process's, and ends with it */
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
    glBindRenderbuffer(GL_RENDERBUFFER, gl->pixels);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, (GLsizei)width, (GLsizei)height);
    glBindFramebuffer(GL_FRAMEBUFFER, gl->frame);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, gl->pixels);
    if (glGetError() != GL_NO_ERROR ||
        glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
        return -1;
    glViewport(0, 0, (GLsizei)width, (GLsizei)height);
    gl->width = width;
    gl->height = height;
    for (int i = 0; i < PROGRAMS; i++) {
        glUseProgram(gl->program[i]);
        glUniform2f(glGetUniformLocation(gl->program[i], "size"), (float)width, (float)height);
    }
    return 0;
}

static void take_paint(struct gl *gl, const struct paint *paint)
{
    glActiveTexture(GL_TEXTURE0 + PAINT);
    if (gl->paint_width != paint->width || gl->paint_height != paint->height) {
        /* not TexStorage: that can't be made larger */
        glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA16UI, (GLsizei)paint->width, (GLsizei)paint->height,
                     0, GL_RGBA_INTEGER, GL_UNSIGNED_SHORT, paint->ink);
        gl->paint_width = paint->width;
        gl->paint_height = paint->height;
    } else {
        glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, (GLsizei)paint->width, (GLsizei)paint->height,
                        GL_RGBA_INTEGER, GL_UNSIGNED_SHORT, paint->ink);
    }
}

int gl_begin(struct gl *gl, uint32_t width, uint32_t height, const struct theme *theme,
             const struct paint *paint, bool fresh, float cover)
{
    if (resize(gl, width, height))
        return -1;
    if (paint && fresh)
        take_paint(gl, paint);
    GLuint program = gl->program[BACK];
    glDisable(GL_BLEND);
    glUseProgram(program);
    glUniform3fv(glGetUniformLocation(program, "middle"), 1, theme->middle);
    glUniform3fv(glGetUniformLocation(program, "rim"), 1, theme->rim);
    glUniform1f(glGetUniformLocation(program, "cover"), paint ? -log2f(1 - cover) / PAINT_LINE : 0);
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

/* Vertices of floats, and a colour behind them. */
static void take_vertices(struct gl *gl, int which, const void *data, size_t count, int floats)
{
    GLsizei stride = floats * 4 + 4;
    glUseProgram(gl->program[which]);
    glBindBuffer(GL_ARRAY_BUFFER, gl->buffer[POINTS]);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)count * stride, data, GL_STREAM_DRAW);
    glVertexAttribPointer(0, floats, GL_FLOAT, GL_FALSE, stride, (void *)0);
    glVertexAttribPointer(1, 4, GL_UNSIGNED_BYTE, GL_TRUE, stride, (void *)(uintptr_t)(floats * 4));
}

void gl_edges(struct gl *gl, const struct gl_end *ends, uint32_t nodes)
{
    if (!gl->edges)
        return;
    take_vertices(gl, LINE, ends, nodes, 3);
    glDrawElements(GL_LINES, (GLsizei)gl->edges * 2, GL_UNSIGNED_INT, NULL);
}

void gl_nodes(struct gl *gl, const struct gl_node *nodes, uint32_t count, const struct theme *theme)
{
    if (!count)
        return;
    take_vertices(gl, NODE, nodes, count, 3);
    glUniform1f(glGetUniformLocation(gl->program[NODE], "shade"), theme->shade);
    glUniform3fv(glGetUniformLocation(gl->program[NODE], "rim"), 1, theme->rim);
    glDrawArrays(GL_POINTS, 0, (GLsizei)count);
}

void gl_atlas(struct gl *gl, const uint8_t *atlas, uint32_t low, uint32_t high)
{
    (void)gl;
    glActiveTexture(GL_TEXTURE0 + ATLAS);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 0, (GLint)low, GL_ATLAS, (GLsizei)(high - low), GL_RED,
                    GL_UNSIGNED_BYTE, atlas + (size_t)low * GL_ATLAS);
}

void gl_letters(struct gl *gl, const struct gl_corner *corners, uint32_t boxes)
{
    if (!boxes)
        return;
    take_vertices(gl, LETTER, corners, (size_t)boxes * 6, 4);
    glDrawArrays(GL_TRIANGLES, 0, (GLsizei)boxes * 6);
}

void gl_read(struct gl *gl, void *out)
{
    glReadPixels(0, 0, (GLsizei)gl->width, (GLsizei)gl->height, GL_RGBA, GL_UNSIGNED_BYTE, out);
}
