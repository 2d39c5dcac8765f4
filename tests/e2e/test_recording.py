"""Recording as an administrator sees it: a node records, the command line lists, verifies and makes the index again."""

from __future__ import annotations

from pathlib import Path

from storage.folders import Folders
from tests.e2e.conftest import Program, run_until
from tests.video.conftest import make_clip

HEADER_BYTES = 3000
"""A file that is larger has its first group of pictures."""


def test_a_node_records_and_the_command_line_answers_for_it(program: Program, home: Path, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    assert program("camera", "add", str(clip), "--name", "Gate").code == 0
    folders = Folders.under(home)

    def footage_files() -> list[Path]:
        return sorted(folders.recordings.rglob("*.mp4"))

    def recorded(_log: str) -> bool:
        return any(file.stat().st_size > HEADER_BYTES for file in footage_files())

    node = run_until(recorded, "node", folder=tmp_path / "run", home=home)
    assert node.code == 0, node.err
    files = footage_files()
    assert len(files) in (1, 2)  # two when a UTC minute began meanwhile
    footage = files[0]
    listed = program("recordings", "list")
    assert listed.code == 0
    assert f"\t{len(files)}\t" in listed.out
    assert program("recordings", "verify").out.endswith("ok\n")

    for file in folders.footage_index.parent.iterdir():
        file.unlink()
    (folders.recordings / "notes.mp4").write_text("not footage")
    rebuilt = program("recordings", "rebuild")
    assert rebuilt.code == 0
    assert "FOREIGN" in rebuilt.err
    assert program("recordings", "list").out == listed.out

    data = bytearray(footage.read_bytes())
    data[len(data) // 2] ^= 1
    footage.write_bytes(data)
    altered = program("recordings", "verify")
    assert altered.code == 5
    assert f"ALTERED {footage}" in altered.err
    assert "Traceback" not in altered.err
