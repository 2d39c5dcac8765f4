"""Where Watchfloor keeps things on this machine. Names folders; `ensure` makes them.

`WATCHFLOOR_HOME` puts everything under one root (tests, the demo, a stick). Keys and the copies of checkpoints are
never inside the journal's folder: who takes or restores that folder must not have them with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from storage.durable import make_folder
from storage.errors import StorageCode, StorageError

HOME_VARIABLE = "WATCHFLOOR_HOME"
_APP = "watchfloor"


@dataclass(frozen=True, slots=True)
class Folders:
    """The places of one home."""

    data: Path
    config: Path
    state: Path
    cache: Path
    reports: Path

    @property
    def journal(self) -> Path:
        """The journal's file, alone in its folder."""
        return self.data / "journal" / "journal.db"

    @property
    def evidence(self) -> Path:
        """The evidence store."""
        return self.data / "evidence"

    @property
    def pictures(self) -> Path:
        """Snapshots of tiles."""
        return self.reports / "pictures"

    @property
    def recordings(self) -> Path:
        """Footage, unless the settings name another folder."""
        return self.data / "recordings"

    @property
    def known_recordings(self) -> Path:
        """Which folders were ever recorded into."""
        return self.data / "footage" / "folders.json"

    @property
    def footage_index(self) -> Path:
        """Which footage there is; can be made again from the footage."""
        return self.data / "footage" / "index.db"

    @property
    def outages(self) -> Path:
        """When cameras gave no picture."""
        return self.data / "health" / "outages.db"

    @property
    def black_box(self) -> Path:
        """What the walls showed."""
        return self.data / "blackbox" / "blackbox.db"

    @property
    def tracks(self) -> Path:
        """Where things were on the cameras' pictures."""
        return self.data / "tracks" / "tracks.db"

    @property
    def models(self) -> Path:
        """Detector models."""
        return self.data / "models"

    @property
    def decoders(self) -> Path:
        """What was found out about the machine's decoders; may be deleted at any time."""
        return self.cache / "decoders.json"

    @property
    def painting(self) -> Path:
        """What was found out about painting by OpenGL; may be deleted at any time."""
        return self.cache / "painting.json"

    @property
    def demo(self) -> Path:
        """Demo clips; may be deleted at any time."""
        return self.cache / "demo"

    @property
    def checkpoints(self) -> Path:
        """Copies of signed checkpoints."""
        return self.state / "checkpoints"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.toml"

    @property
    def wall_windows(self) -> Path:
        """Which wall windows were open, on which monitors."""
        return self.state / "wall_windows.toml"

    @property
    def signing_key(self) -> Path:
        """The key that signs checkpoints."""
        return self.config / "keys" / "signing.pem"

    @property
    def sealing_key(self) -> Path:
        """The key that seals camera credentials."""
        return self.config / "keys" / "sealing.key"

    @property
    def journal_keys(self) -> Path:
        """The keys of a journal that is encrypted as a whole."""
        return self.config / "keys" / "journal.keys"

    @classmethod
    def under(cls, root: Path) -> Folders:
        """Everything under one root."""
        return cls(root / "data", root / "config", root / "state", root / "cache", root / "reports")

    @classmethod
    def find(cls, environment: Mapping[str, str] | None = None) -> Folders:
        """Under `WATCHFLOOR_HOME` if set, else where the platform wants them (XDG on Linux)."""
        home = (os.environ if environment is None else environment).get(HOME_VARIABLE)
        if home:
            return cls.under(Path(home).expanduser().absolute())
        return cls(
            data=platformdirs.user_data_path(_APP, appauthor=False),
            config=platformdirs.user_config_path(_APP, appauthor=False, roaming=False),
            state=platformdirs.user_state_path(_APP, appauthor=False),
            cache=platformdirs.user_cache_path(_APP, appauthor=False),
            reports=platformdirs.user_documents_path() / "Watchfloor",
        )

    def with_data(self, data: str) -> Folders:
        """The settings' data folder instead of the usual one; an empty text changes nothing."""
        return replace(self, data=Path(data).expanduser().absolute()) if data else self

    def ensure(self) -> Folders:
        """Make the folders that must be writable. Raises READ_ONLY, DISK_FULL. Reports are made when one is written."""
        for folder in (self.data, self.journal.parent, self.config, self.state, self.cache):
            make_folder(folder)
            if not os.access(folder, os.W_OK):
                raise StorageError(StorageCode.READ_ONLY, path=str(folder))
        return self
