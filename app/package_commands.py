"""`main.py package`: make the evidence package of an incident, and check one. Needs no wall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from app import package_verifier
from app.errors import AppCode, AppError
from app.i18n import _
from app.report_facts import utc_text
from app.sentences import sentences
from app.site import archive_of_site, site_plan
from storage.errors import StorageCode, StorageError
from storage.package_seal import load_recipient
from storage.segments import SegmentIndex

if TYPE_CHECKING:
    from app.package_films import PackageStep
    from app.packages import PackageResult
    from storage.keys import SigningKey


class MakeByDefault(TyperGroup):
    """`package 2026-000042 --out FILE` means `package make ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["make", *args]
        return super().parse_args(ctx, args)


package_app = typer.Typer(cls=MakeByDefault, help="Evidence packages: make one of an incident, verify one.")


@package_app.command("make")
def make(
    incident: Annotated[str, typer.Argument(help="Number (2026-000001) or id.")],
    out: Annotated[Path, typer.Option(help="The package, a ZIP file, to write.")],
    master: Annotated[bool, typer.Option("--master", help="With the untouched recordings.")] = False,
    recipient: Annotated[
        Path | None, typer.Option(help="File with the public key (age or SSH) that the recordings are sealed for.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is made; stands in the manifest.")] = "",
    to: Annotated[str, typer.Option(help="Who gets it, in words.")] = "",
    retention: Annotated[str, typer.Option(help="Until when the receiver may keep it, in words.")] = "",
) -> None:
    """Make the evidence package of an incident: view copies, stills, report, manifest, signature, verifier.

    The untouched recordings go in only after a second person approved it for this incident."""
    from app.package_desk import PackageDesk, PackageOrder  # numpy, Pillow and PyAV: not at start

    with sentences(), archive_of_site() as archive:
        if recipient is not None and not master:
            raise AppError(AppCode.BAD_USAGE, value="--recipient")
        key = load_recipient(recipient) if recipient is not None else None
        order = PackageOrder(reason=reason, master=master, recipient=key, recipient_name=to, retention=retention)
        index = SegmentIndex(archive.folders.footage_index)
        try:
            result = PackageDesk(archive, index).of_incident(incident, out.absolute(), order, archive.actor, _show)
        except StorageError as error:
            if error.code is StorageCode.NOT_FOUND and "path" not in error.details:
                raise AppError(AppCode.UNKNOWN_INCIDENT, incident=incident) from error
            raise
        finally:
            index.close()
        _tell(result)


@package_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(help="A package.")],
    key: Annotated[str, typer.Option(help="Fingerprint of the signer; without it, this site's own key.")] = "",
) -> None:
    """Check a package. Exit codes: 0 intact and signer known, 3 intact but signer unknown, 5 altered."""
    with sentences():
        try:
            own = own_key()
            wanted = package_verifier.wanted_id(key) or (own.id if own is not None else "")
            verdict = package_verifier.verify(str(path))
        except ValueError as error:
            raise StorageError(StorageCode.BAD_VALUE, field="key") from error
        for problem in verdict.problems:
            typer.echo(f"ALTERED {problem}", err=True)
        if verdict.fingerprint:
            typer.echo(_("signed by {fingerprint}").format(fingerprint=verdict.fingerprint))
        _judge(path, verdict, wanted, named=bool(key))
        typer.echo(_("{count} files, all as they were signed").format(count=verdict.files))


def _judge(path: Path, verdict: package_verifier.Verdict, wanted: str, *, named: bool) -> None:
    if verdict.code == package_verifier.UNREADABLE:
        raise AppError(AppCode.NOT_A_PACKAGE, path=str(path))
    known = package_verifier.wanted_id(verdict.fingerprint) == wanted
    if verdict.code == package_verifier.ALTERED:
        raise AppError(AppCode.PACKAGE_NOT_INTACT, path=str(path))
    if named and not known:
        raise AppError(AppCode.ANOTHER_SIGNER, path=str(path))
    if not known:
        raise AppError(AppCode.UNKNOWN_SIGNER)


def own_key() -> SigningKey | None:
    """This site's key; None where there is none yet."""
    from storage.keys import SigningKey

    path = site_plan(None).folders.signing_key
    return SigningKey.load(path) if path.exists() else None


def _show(step: PackageStep, share: float) -> None:
    """Progress on stderr."""
    from app.package_films import PackageStep

    words = {
        PackageStep.COPY: _("copying the recordings"),
        PackageStep.VIEW: _("making the view copies"),
        PackageStep.PACK: _("packing"),
        PackageStep.VERIFY: _("verifying"),
    }
    typer.echo(f"\r{share:4.0%} {words[step]:40}", err=True, nl=share >= 1.0)


def _tell(result: PackageResult) -> None:
    from app.package_readme import reason_words

    typer.echo(str(result.path))
    typer.echo(f"SHA-256 {result.sha256}")
    typer.echo(_("signed by {fingerprint}").format(fingerprint=result.fingerprint))
    if not result.complete:
        typer.echo(_("PARTIAL: this is missing:"), err=True)
        for gap in result.gaps:
            span = f"{utc_text(gap.from_utc_s)} - {utc_text(gap.to_utc_s)}"
            typer.echo(f"  {gap.source_id} {span} ({gap.to_utc_s - gap.from_utc_s:.1f} s, {reason_words(gap.reason)})")
