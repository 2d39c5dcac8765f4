"""The key that signs, and the key that seals."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey, key_id, signature_holds
from storage.sealed import Credential, Sealer


def test_a_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    key = SigningKey.load_or_create(path)
    assert SigningKey.load_or_create(path).public_key == key.public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.fingerprint.replace(" ", "").lower() == key.id == key_id(key.public_key)
    assert [p.name for p in path.parent.iterdir()] == ["signing.pem"]


def test_two_starters_end_with_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(SigningKey.load_or_create(tmp_path / "k.pem").public_key))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign(b"head")
    assert signature_holds(key.public_key, signature, b"head")
    assert not signature_holds(key.public_key, signature, b"heat")
    assert not signature_holds(other.public_key, signature, b"head")
    assert not signature_holds("no key", "no signature", b"head")


def test_rights_that_are_too_wide_are_tightened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "k.pem"
    SigningKey.load_or_create(path)
    path.chmod(0o644)
    SigningKey.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "readable by others" in caplog.text


def test_a_broken_key_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    with pytest.raises(StorageError) as caught:
        SigningKey.load(path)
    assert caught.value.code is StorageCode.NOT_FOUND
    path.write_text("not a key")
    path.chmod(0o600)
    with pytest.raises(StorageError) as caught:
        SigningKey.load_or_create(path)
    assert caught.value.code is StorageCode.BAD_KEY


def test_a_credential_opens_for_its_camera_and_key_only(tmp_path: Path) -> None:
    credential = Credential("admin", "пароль@:/")
    sealed = Sealer(tmp_path / "a.key").seal("c1", credential)
    assert Sealer(tmp_path / "a.key").open("c1", sealed) == credential
    assert "пароль" not in repr(credential)
    for sealer, camera_id, blob in (
        (Sealer(tmp_path / "a.key"), "c2", sealed),
        (Sealer(tmp_path / "b.key"), "c1", sealed),
        (Sealer(tmp_path / "a.key"), "c1", sealed[:-6] + "AAAAA="),
        (Sealer(tmp_path / "a.key"), "c1", "кракозябра"),
    ):
        with pytest.raises(StorageError) as caught:
            sealer.open(camera_id, blob)
        assert caught.value.code is StorageCode.BAD_KEY
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600
