"""The stand-alone verifier, run as a bare program: refuses what is not byte for byte as it was signed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app import package_verifier
from app.package_verifier import ALTERED, INTACT, UNKNOWN_SIGNER, UNREADABLE, signature_holds
from storage import package_zip
from storage.keys import SigningKey
from storage.package_manifest import PackageFacts, manifest_bytes
from storage.package_zip import Item, Stored, signature_text, write_package

FACTS = PackageFacts("p", 1.8e9, UTC, "Watchfloor", "Site", "op", "why", "i", "2026-000001", 7, "ab", True, True, False)
FILES = {
    "README.txt": b"read me",
    "verify.py": b"print('x')",
    "report.pdf": b"%PDF " * 100,
    "stills/001.jpg": bytes(range(256)) * 20,
    "view/a-1.mp4": b"view" * 5000,
    "master/a-1.mp4": b"master" * 5000,
    "master/empty.mp4": b"",
}
VERIFIER = Path(package_verifier.__file__)
KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
OTHER = SigningKey(Ed25519PrivateKey.from_private_bytes(b"o" * 32))


def make(path: Path, files: dict[str, bytes] | None = None, key: SigningKey = KEY) -> Path:
    """A package of these files."""
    items = [Item(name, content) for name, content in (files or FILES).items()]
    write_package(path, items, lambda stored: manifest_bytes(FACTS, stored, key), key, lambda _path: "")
    return path


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python3 -I -S verify.py`, nothing of ours to be found."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd="/", check=False)


def code(path: Path, fingerprint: str = KEY.fingerprint) -> int:
    return package_verifier.verify(str(path), fingerprint).code


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make(tmp_path / "package.zip")


def test_intact_and_known_intact_and_unknown(package: Path) -> None:
    known = run(package, "--fingerprint", KEY.fingerprint)
    assert (known.returncode, known.stderr) == (INTACT, "")
    assert hashlib.sha256(package.read_bytes()).hexdigest() in known.stdout
    assert "INTACT, signer known" in known.stdout
    unknown = run(package)
    assert unknown.returncode == UNKNOWN_SIGNER
    assert "SIGNER UNKNOWN" in unknown.stdout
    assert KEY.fingerprint in unknown.stdout
    assert run(package, "--fingerprint", KEY.id).returncode == INTACT
    assert run(package, "--fingerprint", "12AB").returncode == UNREADABLE


def test_other_programs_can_open_it(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        assert opened.testzip() is None
        assert [info.filename for info in opened.infolist()] == [*FILES, "manifest.json", "manifest.sig"]
        assert {name: opened.read(name) for name in FILES} == FILES


@pytest.mark.parametrize("name", [*FILES, "manifest.json", "manifest.sig"])
def test_one_changed_byte_in_each_file_in_turn(package: Path, name: str) -> None:
    if name == "master/empty.mp4":
        return
    with zipfile.ZipFile(package) as opened:
        info = opened.getinfo(name)
        start = info.header_offset + 30 + len(name)
        places = {start, start + info.file_size // 2, start + info.file_size - 1}
    whole = package.read_bytes()
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1
        package.write_bytes(data)
        assert code(package) == ALTERED
    found = run(package, "--fingerprint", KEY.fingerprint)
    assert found.returncode == ALTERED
    assert "NOT INTACT" in found.stdout


def test_one_changed_byte_anywhere_also_where_no_file_is(tmp_path: Path) -> None:
    """Headers, directory and end included: every byte of the container is accounted for."""
    package = make(tmp_path / "small.zip", {"README.txt": b"read me", "view/a.mp4": b"view"})
    whole = package.read_bytes()
    with zipfile.ZipFile(package) as opened:
        info = opened.getinfo("manifest.json")
        manifest = range(info.header_offset + 43, info.header_offset + 43 + info.file_size)
    random.seed(5)
    inside = random.sample(manifest, 40)
    missed = []
    for place in [n for n in range(len(whole)) if n not in manifest] + inside:
        data = bytearray(whole)
        data[place] ^= random.choice([1, 2, 4, 8, 16, 32, 64, 128])
        package.write_bytes(data)
        if code(package) != ALTERED:
            missed.append(place)
    assert missed == []


def test_signed_again_with_another_key(tmp_path: Path) -> None:
    forged = make(tmp_path / "forged.zip", {**FILES, "view/a-1.mp4": b"other"}, OTHER)
    assert run(forged).returncode == UNKNOWN_SIGNER
    found = run(forged, "--fingerprint", KEY.fingerprint)
    assert found.returncode == ALTERED
    assert "another key" in found.stdout


def parts(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}


def assembled(path: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    """A container in our own form, whatever its content."""
    with path.open("w+b") as file:
        container = package_zip._Container(file, lambda _count: None)
        for name, content in files:
            container.add(Item(name, content), None)
        container.end()
    return path


def test_a_swapped_clip_an_added_and_a_removed_file_and_a_new_name(package: Path, tmp_path: Path) -> None:
    whole = parts(package)
    assert code(assembled(tmp_path / "same.zip", list(whole.items()))) == INTACT
    for name, changed, word in (
        ("swapped", {**whole, "view/a-1.mp4": b"other"}, "view/a-1.mp4 was altered"),
        ("exchanged", {**whole, "view/a-1.mp4": whole["master/a-1.mp4"]}, "view/a-1.mp4 was altered"),
        ("added", {**whole, "view/b.mp4": b"more"}, "view/b.mp4 does not belong"),
        ("removed", {k: v for k, v in whole.items() if k != "report.pdf"}, "report.pdf is missing"),
        (
            "renamed",
            {("view/b.mp4" if k == "view/a-1.mp4" else k): v for k, v in whole.items()},
            "view/a-1.mp4 is miss",
        ),
        ("unsigned", {k: v for k, v in whole.items() if k != "manifest.sig"}, "manifest.sig is missing"),
        ("empty", {}, "is missing"),
    ):
        found = run(assembled(tmp_path / f"{name}.zip", list(changed.items())), "--fingerprint", KEY.fingerprint)
        assert (name, found.returncode) == (name, ALTERED)
        assert word in found.stdout


def test_the_same_name_twice(package: Path, tmp_path: Path) -> None:
    whole = list(parts(package).items())
    doubled = assembled(tmp_path / "d.zip", [*whole[:4], ("report.pdf", b"other"), *whole[4:]])
    assert "more than once" in run(doubled).stdout
    assert code(doubled) == ALTERED
    assert code(assembled(tmp_path / "m.zip", [("manifest.json", b"{}"), *whole])) == ALTERED
    assert code(assembled(tmp_path / "s.zip", [*whole, whole[-1]])) == ALTERED
    folded = {**FILES, "REPORT.PDF": b"x"}
    items = list(folded.items())
    stored = [Stored(n, len(c), hashlib.sha256(c).hexdigest(), hashlib.sha256(c).hexdigest(), len(c)) for n, c in items]
    manifest = manifest_bytes(FACTS, stored, KEY)
    signed = [*items, ("manifest.json", manifest), ("manifest.sig", signature_text(KEY, manifest))]
    assert code(assembled(tmp_path / "f.zip", signed)) == ALTERED


@pytest.mark.parametrize(
    "name", ["../evil", "view/../../evil", "/etc/passwd", "C:\\evil", "view//x", "a\nb", ".hidden"]
)
def test_unsafe_names_even_if_signed(tmp_path: Path, name: str) -> None:
    files = {**FILES, name: b"x"}
    found = run(make(tmp_path / "p.zip", files), "--fingerprint", KEY.fingerprint)
    assert found.returncode == ALTERED
    assert "unsafe name" in found.stdout


def test_tricks_with_the_directory(package: Path) -> None:
    whole = package.read_bytes()
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as second:
        second.writestr("view/a-1.mp4", "what another reader would show")
    directory = whole.rindex(b"PK\5\6")
    start = struct.unpack_from("<I", whole, directory + 16)[0]
    comment = bytearray(whole)
    comment[-2:] = struct.pack("<H", 4)
    tricks = {
        "two ends": whole + other.getvalue(),
        "another package before it": other.getvalue() + whole,
        "something before it": b"MZ" + whole,
        "something behind it": whole + b"\0",
        "a comment": bytes(comment) + b"note",
        "no directory": whole[:start],
        "half a directory": whole[: start + 60],
        "a directory twice": whole[:directory] + whole[start:],
        "cut off": whole[: len(whole) // 2],
        "bytes between": whole[:start] + b"hidden" + whole[start:],
    }
    for name, data in tricks.items():
        package.write_bytes(data)
        assert (name, code(package)) == (name, ALTERED)


def test_a_wrong_checksum_even_where_header_and_directory_agree(package: Path) -> None:
    data = bytearray(package.read_bytes())
    with zipfile.ZipFile(package) as opened:
        crc = struct.pack("<I", opened.getinfo("report.pdf").CRC)
    assert data.count(crc) == 2
    package.write_bytes(data.replace(crc, b"\1\2\3\4"))
    assert "report.pdf was altered (checksum)" in run(package).stdout


def test_a_manifest_that_names_another_key_than_its_own(tmp_path: Path) -> None:
    manifest = manifest_bytes(FACTS, [], OTHER)
    signed = [("manifest.json", manifest), ("manifest.sig", signature_text(KEY, manifest))]
    assert code(assembled(tmp_path / "p.zip", signed)) == ALTERED


def test_a_deflated_copy_is_not_the_package(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts(package).items():
            packed.writestr(name, content)
    assert code(tmp_path / "z.zip") == ALTERED


def test_what_is_no_package_at_all(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello" * 100)
    (tmp_path / "empty").touch()
    for path in (tmp_path / "text", tmp_path / "empty", tmp_path / "none", tmp_path):
        assert run(path).returncode == UNREADABLE


def test_a_manifest_of_another_form_or_format(tmp_path: Path) -> None:
    for content in (
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"files": 3}',
        b'{"format": "x/9", "signing_key": {"key_id": 1}, "files": []}',
    ):
        signed = [("manifest.json", content), ("manifest.sig", signature_text(KEY, content))]
        assert code(assembled(tmp_path / "p.zip", signed)) == ALTERED


def test_large_files_and_many_of_them(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ZIP64 forms, with the limits lowered instead of 4 GB written."""
    for module in (package_zip, package_verifier):
        monkeypatch.setattr(module, "LARGE", 6000)
        monkeypatch.setattr(module, "_MOST_ENTRIES", 8)
    large = make(tmp_path / "large.zip")
    assert b"PK\6\6" in large.read_bytes()
    assert code(large) == INTACT
    data = bytearray(large.read_bytes())
    data[data.index(b"PK\6\7") + 8] ^= 1
    large.write_bytes(data)
    assert code(large) == ALTERED


# RFC 8032, 7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_rfc_8032_vectors(key: str, message: str, signature: str) -> None:
    public, text, signed = (bytes.fromhex(part) for part in (key, message, signature))
    assert signature_holds(public, signed, text)
    assert not signature_holds(public, signed, text + b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signed[32:], "little")
    assert not signature_holds(public, signed[:32] + (s + order).to_bytes(32, "little"), text), "malleable"
    assert not signature_holds(public, signed[:32], text)
    assert not signature_holds(b"\xff" * 32, signed, text)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = bytearray(key.sign(message))
    public = key.public_key().public_bytes_raw()
    assert signature_holds(public, bytes(signature), message)
    signature[bit // 8] ^= 1 << bit % 8
    assert not signature_holds(public, bytes(signature), message)


def test_the_manifest_lists_every_file(package: Path) -> None:
    manifest = json.loads(parts(package)["manifest.json"])
    assert [(f["path"], f["bytes"], f["sha256"]) for f in manifest["files"]] == [
        (name, len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
    ]
    assert manifest["signing_key"]["fingerprint"] == KEY.fingerprint


def test_it_needs_nothing_newer_than_python_3_8() -> None:
    import ast

    ast.parse(VERIFIER.read_text(), feature_version=(3, 8))
    imported = {a.name for n in ast.walk(ast.parse(VERIFIER.read_text())) if isinstance(n, ast.Import) for a in n.names}
    assert imported <= set(sys.stdlib_module_names)
