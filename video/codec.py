"""What a demuxer found, and decoders made from it: never the demuxer's own context, which lives on another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.video.codeccontext import VideoCodecContext

from video.frame import StreamInfo
from video.source import VideoCode, VideoError, redact

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# FFmpeg takes any text for a terminal recording (tty, codec "ansi") and subtitles for programmes.
_NOT_VIDEO_FORMATS = frozenset({"tty", "srt", "ass", "webvtt", "txt"})


def video_stream(container: InputContainer, url: str) -> VideoStream:
    """The stream that is shown. Raises VideoError NOT_VIDEO or UNSUPPORTED."""
    if container.format.name in _NOT_VIDEO_FORMATS or not container.streams.video:
        raise VideoError(VideoCode.NOT_VIDEO, url=redact(url))
    stream = container.streams.video[0]
    context: VideoCodecContext | None = stream.codec_context
    if context is None:
        raise VideoError(VideoCode.UNSUPPORTED, url=redact(url))
    return stream


def stream_info(container: InputContainer, stream: VideoStream, *, live: bool) -> StreamInfo:
    """What the stream says of itself; the nominal rate is often a lie, so sessions measure their own."""
    context = stream.codec_context
    rate = stream.average_rate or stream.guessed_rate or 0
    audio = container.streams.audio[0].codec_context if container.streams.audio else None
    bitrate = context.bit_rate or (container.bit_rate if not live else 0)
    return StreamInfo(
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        fps=float(rate) if 0 < rate < 1000 else 0.0,
        live=live,
        audio_codec=audio.name if audio else None,
        bitrate_bps=bitrate or None,
        decoder=context.name,
        extradata=context.extradata,
    )


# H.265 hides frames whose references are lost, and says nothing of slices that it had to patch: with these it shows the
# former, marked, and raises for the latter, whose frame comes nevertheless. H.264 marks both kinds by itself.
_TELLING = {"hevc": {"flags": "+output_corrupt", "err_detect": "explode"}}


MOST_PIXELS = 8192 * 8192
"""No camera's picture has more. A film from elsewhere may say any size: FFmpeg would take gigabytes for one frame."""


def limits() -> dict[str, str]:
    """Options of every decoder."""
    return {"max_pixels": str(MOST_PIXELS)}


def raises_for_damage(info: StreamInfo) -> bool:
    """Whether a telling decoder raises for a damaged frame and goes on; the others mark it (`frame.is_corrupt`)."""
    return info.codec in _TELLING


def new_decoder(info: StreamInfo, *, telling: bool = False) -> VideoCodecContext:
    """A closed decoder context of its own: one thread, no frame delay; `telling`: of damage, too.

    Raises VideoError(UNSUPPORTED)."""
    try:
        context = av.CodecContext.create(info.decoder or info.codec, "r")
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec) from error
    if not isinstance(context, VideoCodecContext):
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec)
    prepare(context, info)
    context.options = limits() | (_TELLING.get(info.codec, {}) if telling else {})
    return context


def prepare(context: VideoCodecContext, info: StreamInfo) -> None:
    """One thread, no frame delay, and what the stream says of itself."""
    context.thread_count = 1
    context.thread_type = "NONE"
    if info.extradata:
        context.extradata = info.extradata
    if info.width > 0 and info.height > 0:
        context.width, context.height = info.width, info.height
