#include "shaders.h"

#define HEAD "#version 300 es\nprecision highp float;\nprecision highp int;\n"

/* Converts pixels from the top left to clip space. */
#define TO_CLIP                                                                                    \
    "uniform vec2 size;\n"                                                                         \
    "vec4 to_clip(vec2 p)\n"                                                                       \
    "{\n"                                                                                          \
    "    return vec4(p.x / size.x * 2.0 - 1.0, 1.0 - p.y / size.y * 2.0, 0.0, 1.0);\n"             \
    "}\n"

const char *const shaders_vertex[SHADERS_COUNT] = {
    [SHADERS_BACKGROUND] =
        HEAD "void main() {\n"
             "    vec2 at = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;\n"
             "    gl_Position = vec4(at, 0.0, 1.0);\n"
             "}\n",
    [SHADERS_LINE] =
        HEAD TO_CLIP "layout(location = 0) in vec3 at;\n"
                     "layout(location = 1) in vec4 colour;\n"
                     "out vec4 ink;\n"
                     "void main() { ink = colour; gl_Position = to_clip(at.xy) * at.z; }\n",
    [SHADERS_NODE] = HEAD TO_CLIP "layout(location = 0) in vec3 at;\n"
                                  "layout(location = 1) in vec4 colour;\n"
                                  "flat out vec4 ink;\n"
                                  "flat out float edge;\n"
                                  "void main() {\n"
                                  "    ink = colour;\n"
                                  "    edge = 1.0 / max(at.z, 0.5);\n"
                                  "    gl_Position = to_clip(at.xy);\n"
                                  "    gl_PointSize = 2.0 * at.z + 2.0;\n"
                                  "}\n",
    [SHADERS_GLYPH] =
        HEAD TO_CLIP "layout(location = 0) in vec4 at;\n"
                     "layout(location = 1) in vec4 colour;\n"
                     "out vec4 ink;\n"
                     "out vec2 where;\n"
                     "void main() { ink = colour; where = at.zw; gl_Position = to_clip(at.xy); }\n",
};

const char *const shaders_fragment[SHADERS_COUNT] = {
    /* The edges of a pixel attenuate the background like stacked sheets of tinted glass
       (Beer-Lambert). Noise of half a level avoids banding in the background. */
    [SHADERS_BACKGROUND] =
        HEAD "precision highp usampler2D;\n"
             "uniform usampler2D raster;\n"
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
             "        vec4 ink = vec4(texelFetch(raster, ivec2(gl_FragCoord.xy), 0));\n"
             "        float through = exp2(-ink.a * cover);\n"
             "        back = mix(ink.rgb / max(ink.a, 1.0), back, through);\n"
             "    }\n"
             "    colour = vec4(back, 1.0);\n"
             "}\n",
    [SHADERS_LINE] = HEAD "in vec4 ink;\nout vec4 colour;\nvoid main() { colour = ink; }\n",
    [SHADERS_NODE] =
        HEAD "uniform float shade;\n"
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
             "    vec3 sphere = ink.rgb * (1.0 - shade * (1.0 - clamp(lit, 0.0, 1.0)));\n"
             "    sphere += pow(clamp(lit, 0.0, 1.0), 24.0) * 0.28 * shade;\n"
             "    float dark = clamp(1.25 - edge, 0.0, 1.0) * 0.55;\n"
             "    sphere = mix(sphere, rim, smoothstep(1.0 - 1.6 * edge, 1.0, off) * dark);\n"
             "    colour = vec4(sphere, clamp((1.0 - off) / edge + 0.5, 0.0, 1.0));\n"
             "}\n",
    [SHADERS_GLYPH] =
        HEAD "uniform sampler2D atlas;\n"
             "in vec4 ink;\n"
             "in vec2 where;\n"
             "out vec4 colour;\n"
             "void main() {\n"
             "    float coverage = where.x < 0.0 ? 1.0 : texelFetch(atlas, ivec2(where), 0).r;\n"
             "    colour = vec4(ink.rgb, ink.a * coverage);\n"
             "}\n",
};
