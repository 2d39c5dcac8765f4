"""Tiles' pictures on the graphics card: three textures each, made into colours and scaled by one shader. GUI thread,
with the wall's context current; not a widget. Qt's OpenGL modules are loaded by whoever paints so, and nobody else.

The shader does what swscale does for a raster wall: ITU-R BT.601, 709 or 2020, full or narrow range. Where a picture
is made smaller four samples of its luma are averaged, so that it does not shimmer. Nothing but OpenGL 2.0 or ES 2.0.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import hypot
from typing import Protocol

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QOpenGLContext, QTransform
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLTexture,
    QOpenGLVertexArrayObject,
)

from video.frame import Picture, Planes
from video.planes import colour_terms
from widgets import theme

_TEXTURE_2D, _TEXTURE0, _BYTES, _UNPACK_ALIGNMENT = 0x0DE1, 0x84C0, 0x1401, 0x0CF5
_RED, _LUMINANCE = 0x1903, 0x1909
_STRIP, _COLOUR_BIT, _STENCIL_BIT, _ALL_BITS = 0x0005, 0x4000, 0x0400, 0xFF
_BLEND, _DEPTH, _STENCIL, _CULL, _SCISSOR = 0x0BE2, 0x0B71, 0x0B90, 0x0B44, 0x0C11
_QUARTER = 0.25
_QT_ALIGNMENT = 4
_MODERN = 3

VERTEX = """
attribute vec2 corner;
uniform vec3 across;
uniform vec3 down;
varying vec2 at;
void main() {
    vec3 spot = vec3(corner, 1.0);
    gl_Position = vec4(dot(across, spot), dot(down, spot), 0.0, 1.0);
    at = corner;
}
"""
FRAGMENT = """
varying vec2 at;
uniform sampler2D luma;
uniform sampler2D blue;
uniform sampler2D red;
uniform vec4 held;
uniform vec2 apart;
uniform vec4 terms;
uniform vec2 green;
float light(vec2 spot) {
    return texture2D(luma, vec2(min(spot.x * held.x, held.y), spot.y)).r;
}
void main() {
    float y = (light(at - apart) + light(at + apart) + light(at + vec2(apart.x, -apart.y))
        + light(at + vec2(-apart.x, apart.y))) * 0.25;
    vec2 spot = vec2(min(at.x * held.z, held.w), at.y);
    float cb = texture2D(blue, spot).r - 0.50196078;
    float cr = texture2D(red, spot).r - 0.50196078;
    y = (y - terms.x) * terms.y;
    gl_FragColor = vec4(y + terms.z * cr, y + green.x * cb + green.y * cr, y + terms.w * cb, 1.0);
}
"""
_SAMPLERS = ("luma", "blue", "red")
_UNIFORMS = ("across", "down", "held", "apart", "terms", "green")


class GlError(Exception):
    """The graphics card, or what drives it, does not do what was asked; says what."""


class Lying(Protocol):
    """What of a tile is needed: its picture, and where that lies on the wall."""

    @property
    def area(self) -> QRect:
        """The tile's rectangle for pictures, in the wall's pixels."""

    @property
    def picture(self) -> Picture | None:
        """The picture to be painted."""

    @property
    def unit(self) -> QTransform:
        """From the source's unit square to the wall."""


@dataclass(slots=True)
class _Shown:
    """One tile's textures, and which picture they hold."""

    shapes: tuple[tuple[int, int], ...]
    textures: tuple[QOpenGLTexture, ...]
    names: tuple[int, ...]
    picture: Picture | None = field(default=None)


class GlPictures:
    """Made with a current context, which every call needs. Raises GlError where the shader is refused."""

    def __init__(self, vertex: str = VERTEX, fragment: str = FRAGMENT) -> None:
        context = QOpenGLContext.currentContext()
        if context is None:
            raise GlError("no context")
        self._gl = context.functions()
        shape = context.format()
        self._bytes = _RED if shape.majorVersion() >= _MODERN else _LUMINANCE
        self._shown: dict[int, tuple[Lying, _Shown]] = {}
        self._program = _linked(vertex, fragment)
        self._places = [self._program.uniformLocation(name) for name in _UNIFORMS]
        self._array = QOpenGLVertexArrayObject()
        self._array.create()  # missing in ES 2.0, where none is needed
        self._corners = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        square = array("f", (0, 0, 1, 0, 0, 1, 1, 1)).tobytes()
        if not self._corners.create() or not self._corners.bind():
            raise GlError("no buffer")
        self._corners.allocate(square, len(square))
        self._corners.release()

    def paint(self, tiles: Iterable[Lying], size: QSize, ratio: float) -> None:
        """These tiles' areas, on a surface of `size` device pixels. Leaves Qt's painters to set up what they need."""
        gl = self._gl
        for off in (_BLEND, _DEPTH, _STENCIL, _CULL):
            gl.glDisable(off)
        gl.glEnable(_SCISSOR)
        wall = QColor(theme.WALL)
        gl.glClearColor(wall.redF(), wall.greenF(), wall.blueF(), 1.0)
        gl.glPixelStorei(_UNPACK_ALIGNMENT, 1)
        self._program.bind()
        if self._array.isCreated():
            self._array.bind()
        self._corners.bind()
        corner = self._program.attributeLocation("corner")
        self._program.enableAttributeArray(corner)
        self._program.setAttributeBuffer(corner, 0x1406, 0, 2)
        for number, name in enumerate(_SAMPLERS):
            gl.glUniform1i(self._program.uniformLocation(name), number)
        onto = QTransform.fromScale(2.0 * ratio / size.width(), -2.0 * ratio / size.height())
        onto *= QTransform.fromTranslate(-1.0, 1.0)
        for tile in tiles:
            self._paint(tile, onto, size.height(), ratio)
        self._program.disableAttributeArray(corner)
        self._corners.release()
        if self._array.isCreated():
            self._array.release()
        self._program.release()
        gl.glActiveTexture(_TEXTURE0)
        gl.glBindTexture(_TEXTURE_2D, 0)
        gl.glDisable(_SCISSOR)
        gl.glPixelStorei(_UNPACK_ALIGNMENT, _QT_ALIGNMENT)  # else Qt's letters come out as stripes
        gl.glStencilMask(_ALL_BITS)  # Qt's painter believes that the stencil is empty when it begins
        gl.glClearStencil(0)
        gl.glClear(_STENCIL_BIT)

    def keep_only(self, tiles: Iterable[Lying]) -> None:
        """Forget the textures of all other tiles."""
        kept = {id(tile) for tile in tiles}
        for known in [number for number in self._shown if number not in kept]:
            self._drop(known)

    def check(self) -> None:
        """Raises GlError with what went wrong since the last time."""
        found = self._gl.glGetError()
        if found:
            raise GlError(f"OpenGL error {found:#06x}")

    def close(self) -> None:
        """Give everything back."""
        for known in list(self._shown):
            self._drop(known)
        self._corners.destroy()
        self._array.destroy()
        self._program.removeAllShaders()

    def _paint(self, tile: Lying, onto: QTransform, height_px: int, ratio: float) -> None:
        picture, unit = tile.picture, tile.unit
        if picture is None or picture.planes is None:
            return
        whole = QRectF(tile.area)
        seen = unit.mapRect(QRectF(0, 0, 1, 1)).intersected(whole)
        if seen != whole:
            self._scissor(whole, height_px, ratio)
            self._gl.glClear(_COLOUR_BIT)
        self._scissor(seen, height_px, ratio)
        self._bind(tile, picture, picture.planes)
        self._set(picture.planes, unit, unit * onto, ratio)
        self._gl.glDrawArrays(_STRIP, 0, 4)

    def _scissor(self, area: QRectF, height_px: int, ratio: float) -> None:
        left, top = round(area.left() * ratio), round(area.top() * ratio)
        right, bottom = round(area.right() * ratio), round(area.bottom() * ratio)
        self._gl.glScissor(left, height_px - bottom, max(right - left, 0), max(bottom - top, 0))

    def _set(self, planes: Planes, unit: QTransform, lies: QTransform, ratio: float) -> None:
        gl = self._gl
        across, down, held, apart, terms, green = self._places
        luma, blue, _red = planes.parts
        gl.glUniform3f(across, lies.m11(), lies.m21(), lies.m31())
        gl.glUniform3f(down, lies.m12(), lies.m22(), lies.m32())
        gl.glUniform4f(held, *_held(luma.width, luma.stride), *_held(blue.width, blue.stride))
        wide_px, high_px = hypot(unit.m11(), unit.m12()) * ratio, hypot(unit.m21(), unit.m22()) * ratio
        gl.glUniform2f(apart, _apart(luma.width, wide_px), _apart(luma.height, high_px))
        black, scale, red, green_blue, green_red, blue_part = colour_terms(planes)
        gl.glUniform4f(terms, black, scale, red, blue_part)
        gl.glUniform2f(green, green_blue, green_red)

    def _bind(self, tile: Lying, picture: Picture, planes: Planes) -> None:
        """Its textures, holding this picture."""
        gl = self._gl
        shapes = tuple((part.stride, part.height) for part in planes.parts)
        known = self._shown.get(id(tile))
        if known is None or known[1].shapes != shapes:
            self._drop(id(tile))
            known = self._shown[id(tile)] = (tile, self._made(shapes))
        shown = known[1]
        for number, (name, part) in enumerate(zip(shown.names, planes.parts, strict=True)):
            gl.glActiveTexture(_TEXTURE0 + number)
            gl.glBindTexture(_TEXTURE_2D, name)
            if shown.picture is not picture:
                pixels: object = part.pixels
                gl.glTexSubImage2D(
                    _TEXTURE_2D, 0, 0, 0, part.stride, part.height, self._bytes, _BYTES, pixels  # type: ignore[arg-type]  # takes a buffer; stubs: an address
                )  # fmt: skip
        shown.picture = picture

    def _made(self, shapes: tuple[tuple[int, int], ...]) -> _Shown:
        formats = QOpenGLTexture.TextureFormat
        kind = formats.R8_UNorm if self._bytes == _RED else formats.LuminanceFormat
        textures = tuple(_texture(kind, *shape) for shape in shapes)
        return _Shown(shapes, textures, tuple(texture.textureId() for texture in textures))

    def _drop(self, number: int) -> None:
        known = self._shown.pop(number, None)
        for texture in known[1].textures if known is not None else ():
            texture.destroy()


def _linked(vertex: str, fragment: str) -> QOpenGLShaderProgram:
    program = QOpenGLShaderProgram()
    kinds = QOpenGLShader.ShaderTypeBit
    if not (
        program.addShaderFromSourceCode(kinds.Vertex, vertex)
        and program.addShaderFromSourceCode(kinds.Fragment, fragment)
        and program.link()
    ):
        raise GlError("shader refused: " + " ".join(program.log().split())[:200])
    return program


def _texture(kind: QOpenGLTexture.TextureFormat, width: int, height: int) -> QOpenGLTexture:
    texture = QOpenGLTexture(QOpenGLTexture.Target.Target2D)
    texture.setFormat(kind)
    texture.setSize(width, height)
    texture.setMipLevels(1)
    formats, kinds = QOpenGLTexture.PixelFormat, QOpenGLTexture.PixelType
    source = formats.Red if kind is QOpenGLTexture.TextureFormat.R8_UNorm else formats.Luminance
    texture.allocateStorage(source, kinds.UInt8)
    texture.setMinMagFilters(QOpenGLTexture.Filter.Linear, QOpenGLTexture.Filter.Linear)
    texture.setWrapMode(QOpenGLTexture.WrapMode.ClampToEdge)
    if not texture.isStorageAllocated():
        raise GlError(f"no texture of {width} x {height}")
    return texture


def _held(width: int, stride: int) -> tuple[float, float]:
    """Which share of the texture is picture, and how far it may be sampled without touching what is not."""
    return width / stride, (width - 0.5) / stride


def _apart(source_px: int, painted_px: float) -> float:
    """How far from the middle of a painted pixel the samples lie, in shares of the picture; 0 when it is not shrunk."""
    return _QUARTER / painted_px if 0 < painted_px < source_px else 0.0
