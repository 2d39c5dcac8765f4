"""This machine's settings: typed, frozen, one TOML file, versioned. Records (cameras, rules) live in the journal.

Each field carries what a dialog and a page need (title, unit, range, choices). Keys that this version does not know
are reported and written back as they were. A file of a newer version opens too: its extra keys are unknown ones.
"""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from storage.class_names import DEFAULT_CLASSES, is_class_map
from storage.durable import replace as replace_file
from storage.errors import StorageCode, StorageError
from storage.toml_lines import last_line, line_of

SETTINGS_VERSION = 1
_LINE = re.compile(r"at line (\d+)")
SectionT = TypeVar("SectionT")
Migration = Callable[[dict[str, Any]], dict[str, Any]]

DECODERS = ("auto", "software", "videotoolbox", "d3d11va", "cuda", "vaapi", "qsv", "amf")
"""What `video.decoder` may be: FFmpeg's device types by their names there."""

MIGRATIONS: dict[int, Migration] = {}
"""From a version to the next, on the raw tables."""


@dataclass(frozen=True, slots=True)
class Option:
    """What is known about a field besides its type; `title` and `hint` are English source texts, translated in app."""

    title: str
    hint: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[Any], bool] | None = None


_KEY = "option"


def _is_zone(name: str) -> bool:
    return not name or name in zoneinfo.available_timezones()


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the place is called and how it tells time."""

    name: str = field(default="", metadata={_KEY: Option("Name of the site", "Printed on reports")})
    timezone: str = field(
        default="", metadata={_KEY: Option("Time zone", "IANA name; empty: the computer's own", check=_is_zone)}
    )
    language: str = field(
        default="",
        metadata={_KEY: Option("Language", "Empty: English", choices=("", "en", "uk", "ru", "kk"))},
    )


@dataclass(frozen=True, slots=True)
class PathSettings:
    """Where large things go."""

    data: str = field(default="", metadata={_KEY: Option("Data folder", "Journal, evidence, models; empty: the usual")})


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """What looks at the pictures."""

    model: str = field(
        default="", metadata={_KEY: Option("Model", "OpenVINO folder or ONNX file; empty: the first found")}
    )
    model_sha256: str = field(
        default="", metadata={_KEY: Option("Digest of the model", "Noted when it is chosen; empty: not compared")}
    )
    device: str = field(default="CPU", metadata={_KEY: Option("Device", choices=("CPU", "GPU", "NPU", "AUTO"))})
    classes: tuple[str, ...] = field(
        default=DEFAULT_CLASSES,
        metadata={_KEY: Option("Classes", "Ours: the model's words, by commas", check=is_class_map)},
    )
    processes: int = field(
        default=1, metadata={_KEY: Option("Detection processes", "One per graphics card", low=1, high=16)}
    )
    camera_models: tuple[str, ...] = field(
        default=(),
        metadata={_KEY: Option("Models of cameras", "Number, model, SHA-256; set by “model choose NAME --cameras”")},
    )
    far_view: tuple[str, ...] = field(
        default=(),
        metadata={_KEY: Option("Cameras with far view", "Their numbers; looked at alone, at twice the cost")},
    )


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """What makes pictures of packets."""

    decoder: str = field(
        default="auto",
        metadata={_KEY: Option("Decoder", "By itself: what costs the processor least", choices=DECODERS)},
    )


@dataclass(frozen=True, slots=True)
class WallSettings:
    """What the wall shows at start."""

    layout: int = field(default=9, metadata={_KEY: Option("Tiles at start", unit="tiles", low=1, high=64)})
    renderer: str = field(
        default="auto",
        metadata={_KEY: Option("Painter", "By itself: OpenGL where it is cheaper", choices=("auto", "raster", "gl"))},
    )
    alarm_view: str = field(
        default="", metadata={_KEY: Option("View that alarms call up", "Name of a saved view; empty: none")}
    )
    alarm_view_severity: int = field(
        default=5, metadata={_KEY: Option("From this severity", "5 is danger to life", low=1, high=5)}
    )
    alarm_view_s: int = field(
        default=30, metadata={_KEY: Option("Then give the wall back after", unit="s", low=5, high=3600)}
    )


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """How alarms call."""

    sound: bool = field(default=False, metadata={_KEY: Option("Sound by severity", "Beeps for severity 3, 4 and 5")})


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What is recorded and how long it stays; footage of alarms and incidents stays longer."""

    enabled: bool = field(default=True, metadata={_KEY: Option("Record all cameras")})
    folder: str = field(default="", metadata={_KEY: Option("Recordings folder", "Empty: in the data folder")})
    folders: tuple[str, ...] = field(
        default=(), metadata={_KEY: Option("Further folders", "Cameras are shared out by free space; one may fail")}
    )
    segment_s: int = field(default=60, metadata={_KEY: Option("Length of a file", unit="s", low=60, high=300)})
    keep_days: int = field(default=30, metadata={_KEY: Option("Keep for", "0: no limit", unit="days", low=0)})
    quota_gb: int = field(default=0, metadata={_KEY: Option("Use at most", "0: no limit", unit="GB", low=0)})
    reserve_gb: int = field(default=2, metadata={_KEY: Option("Leave free on the disk", unit="GB", low=0)})


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How alerts leave the house and answers come back. Logins and secrets are sealed apart, never here."""

    deliver: bool = field(default=True, metadata={_KEY: Option("Send alerts from this machine")})
    site: str = field(
        default="",
        metadata={_KEY: Option("Name in alerts", "Also in MQTT topics and CAP; empty: the name of the site")},
    )
    authorities: str = field(
        default="",
        metadata={_KEY: Option("Certificate authorities", "PEM file with the site's own, besides known ones")},
    )
    smtp_host: str = field(default="", metadata={_KEY: Option("Mail server", "Empty: no e-mail")})
    smtp_port: int = field(default=587, metadata={_KEY: Option("Port of the mail server", low=1, high=65535)})
    smtp_tls: str = field(
        default="starttls", metadata={_KEY: Option("Encryption of e-mail", choices=("starttls", "tls"))}
    )
    smtp_from: str = field(default="", metadata={_KEY: Option("Sender of e-mail")})
    mqtt_host: str = field(default="", metadata={_KEY: Option("MQTT broker", "Empty: no MQTT")})
    mqtt_port: int = field(default=8883, metadata={_KEY: Option("Port of the MQTT broker", low=1, high=65535)})
    mqtt_tls: bool = field(default=True, metadata={_KEY: Option("Encrypt MQTT", "Off: on this machine only")})
    cap_sender: str = field(
        default="", metadata={_KEY: Option("Sender in CAP", "Unique in the world, like alerts@example.org")}
    )
    cap_status: str = field(
        default="Actual", metadata={_KEY: Option("Status in CAP", choices=("Actual", "Exercise", "Test"))}
    )
    answers_address: str = field(
        default="127.0.0.1",
        metadata={_KEY: Option("Address for answers", "Another than this machine needs a certificate")},
    )
    answers_port: int = field(default=0, metadata={_KEY: Option("Port for answers", "0: none", low=0, high=65535)})
    answers_certificate: str = field(
        default="", metadata={_KEY: Option("Certificate for answers", "PEM file with the private key and the chain")}
    )


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """When the journal is copied, where to, and how many copies stay."""

    enabled: bool = field(default=True, metadata={_KEY: Option("Back up the journal every day")})
    folder: str = field(
        default="",
        metadata={_KEY: Option("Backup folder", "Best on another disk or machine; empty: in the data folder")},
    )
    hour: int = field(default=3, metadata={_KEY: Option("Hour of the day", unit="h", low=0, high=23)})
    keep: int = field(default=14, metadata={_KEY: Option("Keep at most", unit="backups", low=1, high=1000)})


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long the journal keeps incidents after they were closed; a category may say otherwise."""

    incident_days: int = field(
        default=0, metadata={_KEY: Option("Keep closed incidents for", "0: for ever", unit="days", low=0)}
    )
    notice_days: int = field(
        default=7, metadata={_KEY: Option("On the list before they go", unit="days", low=0, high=365)}
    )


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """What others on this machine may read of its state."""

    prometheus_port: int = field(
        default=0,
        metadata={_KEY: Option("Port for Prometheus", "On 127.0.0.1 only; 0: none", low=0, high=65535)},
    )


@dataclass(frozen=True, slots=True)
class BlackBoxSettings:
    """How long it is kept what the walls showed."""

    enabled: bool = field(default=True, metadata={_KEY: Option("Note what the walls show")})
    keep_days: int = field(default=30, metadata={_KEY: Option("Keep it for", unit="days", low=1, high=3650)})
    most_mb: int = field(default=200, metadata={_KEY: Option("Use at most", unit="MB", low=1, high=100_000)})


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """How long boxes, classes and times of tracks are kept, for trying changed rules; no pictures."""

    enabled: bool = field(default=True, metadata={_KEY: Option("Keep tracks, to try rules before they are saved")})
    keep_days: int = field(default=14, metadata={_KEY: Option("Keep them for", unit="days", low=1, high=3650)})
    most_mb: int = field(default=500, metadata={_KEY: Option("Use at most", unit="MB", low=1, high=100_000)})


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """The site's template of printed reports. It is checked when a report is written (`app.report_template`)."""

    logo: str = field(default="", metadata={_KEY: Option("Logo", "PNG or JPEG file; empty: none")})
    header: tuple[str, ...] = field(default=(), metadata={_KEY: Option("Lines above", "At most 4")})
    footer: tuple[str, ...] = field(default=(), metadata={_KEY: Option("Lines below each page", "At most 3")})
    address: tuple[str, ...] = field(default=(), metadata={_KEY: Option("Address", "At most 5 lines")})
    sections: tuple[str, ...] = field(
        default=(),
        metadata={_KEY: Option("Sections", "Of pictures, case, alarms, history, figures, list; empty: all")},
    )
    signatures: tuple[str, ...] = field(
        default=(), metadata={_KEY: Option("Who signs", "A line each, at most 8; empty: who made the report")}
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections; `unknown` holds keys of other versions as `section.key` or `section`, kept when saving."""

    site: SiteSettings = field(default_factory=SiteSettings)
    paths: PathSettings = field(default_factory=PathSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    video: VideoSettings = field(default_factory=VideoSettings)
    wall: WallSettings = field(default_factory=WallSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    black_box: BlackBoxSettings = field(default_factory=BlackBoxSettings)
    tracks: TrackSettings = field(default_factory=TrackSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    unknown: Mapping[str, object] = field(default_factory=dict)


SECTIONS: dict[str, type] = {
    "site": SiteSettings,
    "paths": PathSettings,
    "detection": DetectionSettings,
    "video": VideoSettings,
    "wall": WallSettings,
    "alarms": AlarmSettings,
    "recording": RecordingSettings,
    "alerts": AlertSettings,
    "backup": BackupSettings,
    "retention": RetentionSettings,
    "health": HealthSettings,
    "black_box": BlackBoxSettings,
    "tracks": TrackSettings,
    "reports": ReportSettings,
}


def option_of(item: Field[Any]) -> Option:
    """The metadata of a section's field."""
    option: Option = item.metadata[_KEY]
    return option


def load(path: Path) -> Settings:
    """Read the file; defaults when there is none. Raises BAD_SETTINGS with file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        raise _bad(path, int(found[1]) if found else last_line(path), "") from error
    except (UnicodeDecodeError, OSError) as error:
        raise _bad(path, 0, "") from error
    return _build(path, text, _migrated(path, text, tables))


def save(path: Path, settings: Settings) -> None:
    """Write the whole file at once, unknown keys included. Raises READ_ONLY, DISK_FULL."""
    tables: dict[str, Any] = {"version": SETTINGS_VERSION}
    for name in SECTIONS:
        section = getattr(settings, name)
        tables[name] = {f.name: getattr(section, f.name) for f in fields(section)}
    for name, value in settings.unknown.items():
        section_name, _, key = name.partition(".")
        if key:
            tables[section_name][key] = value
        else:
            tables[name] = value
    replace_file(path, tomli_w.dumps(tables).encode())


def _migrated(path: Path, text: str, tables: dict[str, Any]) -> dict[str, Any]:
    version = tables.pop("version", SETTINGS_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _bad(path, line_of(text, "", "version"), "version")
    for number in range(version, SETTINGS_VERSION):
        tables = MIGRATIONS[number](tables)
    return tables


def _build(path: Path, text: str, tables: dict[str, Any]) -> Settings:
    sections: dict[str, Any] = {}
    unknown: dict[str, object] = {}
    for name, table in tables.items():
        kind = SECTIONS.get(name)
        if kind is None:
            unknown[name] = table
        elif not isinstance(table, dict):
            raise _bad(path, line_of(text, "", name), name)
        else:
            known = {f.name for f in fields(kind)}
            unknown |= {f"{name}.{k}": v for k, v in table.items() if k not in known}
            sections[name] = _section(path, text, kind, name, table)
    return Settings(**sections, unknown=unknown)


def _section(path: Path, text: str, kind: type[SectionT], name: str, table: dict[str, Any]) -> SectionT:
    values = {}
    for item in fields(kind):  # type: ignore[arg-type]  # every section is a dataclass
        if item.name not in table:
            continue
        if not _fits(table[item.name], item):
            raise _bad(path, line_of(text, name, item.name), f"{name}.{item.name}")
        value = table[item.name]
        values[item.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _fits(value: object, item: Field[Any]) -> bool:
    option = option_of(item)
    if isinstance(item.default, tuple):
        words = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        return words and (option.check is None or option.check(value))
    if type(value) is not type(item.default):
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        low = float("-inf") if option.low is None else option.low
        high = float("inf") if option.high is None else option.high
        if not low <= value <= high:
            return False
    if option.choices and value not in option.choices:
        return False
    return option.check is None or option.check(value)


def _bad(path: Path, line: int, field_name: str) -> StorageError:
    return StorageError(StorageCode.BAD_SETTINGS, path=str(path), line=line, field=field_name)
