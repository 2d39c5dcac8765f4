"""Camera logins: cut out of the URL that somebody typed, sealed, and put back only where a session opens the camera."""

from __future__ import annotations

from urllib.parse import quote, unquote

from storage.commands import PutCredential
from storage.embedded_journal import EmbeddedJournal
from storage.records import Actor, Camera
from storage.sealed import Credential, Sealer
from video.source import login_end, redact


def split_login(url: str) -> tuple[str, Credential | None]:
    """The URL without its login, and the login (`video.source.login_end` says where that ends).

    An address that carries its login elsewhere (`?user=...&password=...`) is sealed whole: a password without user."""
    scheme, found, rest = url.partition("://")
    end = login_end(rest) if found and scheme else 0
    clean = redact(f"{scheme}://{rest[end:]}") if end else redact(url)
    if not found or not scheme or clean == url:
        return url, None
    login, host = rest[: max(end - 1, 0)], rest[end:]
    if not end or redact(f"{scheme}://{host}") != f"{scheme}://{host}":
        return clean, Credential("", url)
    user, _, password = login.partition(":")
    return clean, Credential(unquote(user), unquote(password))


def with_login(url: str, credential: Credential | None) -> str:
    """The URL with its login, percent-encoded (RFC 3986, 3.2.1)."""
    scheme, found, rest = url.partition("://")
    if credential is None or not found or credential == Credential("", ""):
        return url
    if not credential.user and "://" in credential.password:
        return credential.password
    return f"{scheme}://{quote(credential.user, safe='')}:{quote(credential.password, safe='')}@{rest}"


class Logins:
    """Sealed logins of a site's cameras."""

    def __init__(self, journal: EmbeddedJournal, sealer: Sealer) -> None:
        self._journal, self._sealer = journal, sealer

    def keep(self, camera_id: str, credential: Credential, actor: Actor) -> None:
        """Seal and store."""
        self._journal.apply(PutCredential(camera_id, self._sealer.seal(camera_id, credential)), actor)

    def sealed(self, camera_id: str, credential: Credential) -> str:
        """For `PutCredential`, by whoever stores many at once."""
        return self._sealer.seal(camera_id, credential)

    def url_of(self, camera: Camera) -> str:
        """The camera's main stream with its login. Raises StorageError(BAD_KEY)."""
        sealed = self._journal.sealed_credential(camera.id)
        return with_login(camera.main_url, self._sealer.open(camera.id, sealed) if sealed else None)
