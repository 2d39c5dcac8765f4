"""The container: the same bytes every time, whole or absent, sealed where asked, refused before the disk is full."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyrage
import pytest

from storage import package_zip
from storage.errors import StorageCode, StorageError
from storage.footage_files import hash_file
from storage.keys import SigningKey, signature_holds
from storage.package_seal import Recipient, load_recipient, recipient_of
from storage.package_zip import Item, Stored, need_space, package_bytes, write_package

KEY = SigningKey.generate()
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@host"


def manifest(files: Sequence[Stored]) -> bytes:
    return "".join(f"{f.name} {f.bytes} {f.sha256} {f.plain_sha256} {f.plain_bytes}\n" for f in files).encode()


def write(path: Path, items: Sequence[Item], recipient: Recipient | None = None) -> package_zip.Written:
    return write_package(path, items, manifest, KEY, hash_file, recipient=recipient)


def test_the_same_files_give_the_same_bytes_and_a_signature_over_the_manifest(tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"film" * 700_000)
    items = [Item("a.txt", b"a"), Item("view/clip.mp4", clip)]
    first, second = write(tmp_path / "1.zip", items), write(tmp_path / "2.zip", items)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.bytes == first.path.stat().st_size <= package_bytes(items)
    with zipfile.ZipFile(first.path) as opened:
        assert opened.read("view/clip.mp4") == clip.read_bytes()
        assert all(info.compress_type == zipfile.ZIP_STORED for info in opened.infolist())
        text = opened.read("manifest.json")
        lines = opened.read("manifest.sig").decode().split("\n")
    assert first.manifest_sha256 == hashlib.sha256(text).hexdigest()
    assert lines[1] == f"public_key {KEY.public_key}"
    assert signature_holds(KEY.public_key, lines[2].removeprefix("signature "), text)


@pytest.mark.parametrize("kind", ["file", "bytes"])
def test_what_is_sealed_only_the_recipient_opens(tmp_path: Path, kind: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key.pub").write_text(f"# police\n{identity.to_public()}\n")
    content = b"secret footage" * 100_000
    clip = tmp_path / "clip"
    clip.write_bytes(content)
    items = [Item("master/c.mp4", clip if kind == "file" else content, sealed=True), Item("view/c.mp4", b"view")]
    written = write(tmp_path / "p.zip", items, load_recipient(tmp_path / "key.pub"))
    stored = written.files[0]
    assert stored.name == "master/c.mp4.age"
    assert (stored.plain_sha256, stored.plain_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert b"secret footage" not in written.path.read_bytes()
    with zipfile.ZipFile(written.path) as opened:
        sealed = opened.read(stored.name)
        assert opened.read("view/c.mp4") == b"view"
    assert hashlib.sha256(sealed).hexdigest() == stored.sha256
    assert pyrage.decrypt(sealed, [identity]) == content
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    assert written.bytes <= package_bytes(items)


def test_recipients(tmp_path: Path) -> None:
    assert recipient_of(SSH).name == SSH
    for text in ("", "nonsense", "AGE-SECRET-KEY-1", "ssh-dss AAAA"):
        with pytest.raises(StorageError) as caught:
            recipient_of(text)
        assert caught.value.code is StorageCode.BAD_KEY
    with pytest.raises(StorageError) as caught:
        load_recipient(tmp_path / "none")
    assert caught.value.code is StorageCode.NOT_FOUND
    (tmp_path / "bad").write_bytes(b"\xff\0")
    with pytest.raises(StorageError) as caught:
        load_recipient(tmp_path / "bad")
    assert caught.value.details["path"] == str(tmp_path / "bad")


def test_nothing_is_left_when_the_check_refuses_and_an_old_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "p.zip"
    target.write_bytes(b"old")

    def refuse(path: Path) -> str:
        assert path.stat().st_size > 0
        raise StorageError(StorageCode.DAMAGED)

    with pytest.raises(StorageError):
        write_package(target, [Item("a", b"a")], manifest, KEY, refuse)
    assert [p.name for p in tmp_path.iterdir()] == ["p.zip"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("sealed", [False, True])
def test_a_cancel_and_a_full_disk_leave_nothing(tmp_path: Path, sealed: bool) -> None:
    recipient = Recipient("x", pyrage.x25519.Identity.generate().to_public())
    for error in (KeyboardInterrupt(), OSError(28, "No space left on device")):

        def told(_count: int, error: BaseException = error) -> None:
            raise error

        with pytest.raises((KeyboardInterrupt, StorageError)) as caught:
            write_package(
                tmp_path / "p.zip",
                [Item("master/a", b"a" * 100_000, sealed)],
                manifest,
                KEY,
                hash_file,
                recipient=recipient,
                told=told,
            )
        if isinstance(caught.value, StorageError):
            assert caught.value.code is StorageCode.DISK_FULL
    assert list(tmp_path.iterdir()) == []


def test_space_is_asked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError) as caught:
        need_space(tmp_path / "new", 10**9, lambda _folder: 10**9)
    assert caught.value.code is StorageCode.DISK_FULL
    assert caught.value.details["free"] == 10**9
    need_space(tmp_path, 10**6, lambda _folder: 10**9)
    monkeypatch.setattr(package_zip.shutil, "disk_usage", lambda _p: shutil._ntuple_diskusage(10, 5, 5))  # type: ignore[attr-defined]  # private of the standard library
    with pytest.raises(StorageError) as caught:
        write(tmp_path / "p.zip", [Item("a", b"a")])
    assert caught.value.code is StorageCode.DISK_FULL
    assert not (tmp_path / "p.zip").exists()


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    for names in (("a", "A"), ("manifest.json",), ("manifest.sig", "b")):
        with pytest.raises(StorageError) as caught:
            write(tmp_path / "p.zip", [Item(name, b"") for name in names])
        assert caught.value.code is StorageCode.BAD_VALUE


def test_large_forms_are_read_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may be over the limit, as `zipfile` sees it."""
    real = package_zip._local("big", 5 << 32, 7, True)
    assert real[18:26] == b"\xff" * 8
    monkeypatch.setattr(package_zip, "LARGE", 0xFFFFFFFF)
    monkeypatch.setattr(package_zip, "_at_most", lambda _item: 0xFFFFFFFF)
    path = write(tmp_path / "p.zip", [Item("a", b"a" * 5), Item("b", b"b")]).path
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as opened:
        assert (opened.read("a"), opened.read("b")) == (b"aaaaa", b"b")
        assert opened.testzip() is None
