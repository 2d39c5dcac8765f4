"""What a tile's picture is made from, in a few letters for its line and in sentences for its tooltip.

`S` sub-stream, `M` main stream, `M+` main stream by key; `½` every second picture, `K` key frames only; `!` the other
stream is shown because the one for the tile's size cannot be opened. `sw` is the processor, `sw!` in the place of a
device that failed. Letters and signs, never colour alone.
"""

from __future__ import annotations

from app.decoder_words import SOFTWARE
from app.feeds import Lowered, Quality, TileState, TileStatus
from app.i18n import _
from app.stream_choice import Stream
from storage.records import Camera

_WORDS_PX = 520
_RATE_PX = 380
_LETTER_PX = 170
_SIGNS = {Lowered.NO: "", Lowered.HALVED: "½", Lowered.KEYS: "K"}


def quality_glyph(status: TileStatus, width_px: int) -> str:
    """As much of it as a tile of this width has room for; what is lowered in every tile."""
    quality = status.quality
    if not quality.decoder or status.state is TileState.NO_SIGNAL:
        return ""
    letters = _letters(quality)
    if width_px < _LETTER_PX:
        return letters[1:].strip("+")
    if width_px < _RATE_PX:
        return letters
    rate = f"{letters} {_fps(status):g}"
    if width_px < _WORDS_PX:
        return rate
    decoder = quality.decoder + ("!" if quality.fault else "")
    return " ".join(filter(None, (rate, _bits(quality.bitrate_bps), decoder)))


def quality_sentence(camera: Camera, status: TileStatus) -> str:
    """The same in words, one fact a line."""
    quality = status.quality
    if not quality.decoder:
        return ""
    size = f"{status.width}×{status.height}" if status.width else ""
    facts = (status.codec.upper(), size, _("{fps} fps").format(fps=f"{status.fps:g}"), _bits(quality.bitrate_bps))
    decoder = _("decoded by the processor")
    if quality.decoder != SOFTWARE:
        decoder = _("decoded by {device}").format(device=quality.decoder)
    lines = [
        f"{_stream(camera, quality)}: {', '.join(filter(None, (*facts, decoder)))}",
        quality.fault and _("{fault}: until it is opened anew, the processor decodes.").format(fault=quality.fault),
        _why_other(quality),
        _why_lowered(quality.lowered),
    ]
    return "\n".join(filter(None, lines))


def _letters(quality: Quality) -> str:
    stream = "S" if quality.stream is Stream.SUB else "M+" if quality.forced else "M"
    return stream + ("!" if quality.refused else "") + _SIGNS[quality.lowered]


def _fps(status: TileStatus) -> float:
    return float(f"{status.pictures_per_s or status.fps:.2g}")


def _bits(bitrate_bps: float) -> str:
    if not bitrate_bps:
        return ""
    return f"{bitrate_bps / 1e6:.1f} Mb/s" if bitrate_bps >= 1e6 else f"{bitrate_bps / 1e3:.0f} kb/s"


def _stream(camera: Camera, quality: Quality) -> str:
    if quality.stream is Stream.SUB:
        return _("Sub-stream")
    return _("Main stream") if camera.sub_url else _("Its only stream")


def _why_other(quality: Quality) -> str:
    if quality.forced:
        return _("The main stream by key, whatever the tile's size; Shift+F gives it back.")
    if not quality.refused:
        return ""
    if quality.stream is Stream.MAIN:
        text = _("The sub-stream cannot be opened, so the main stream is shown. {reason}")
    else:
        text = _("The main stream cannot be opened, so the sub-stream is shown. {reason}")
    return text.format(reason=quality.refused)


def _why_lowered(lowered: Lowered) -> str:
    if lowered is Lowered.HALVED:
        return _("Every second picture only: this computer is busy.")
    return _("Key frames only: this computer is busy.") if lowered is Lowered.KEYS else ""
