"""The edge of the command line: expected failures become one sentence on stderr and an exit code."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from app.errors import AppCode, AppError
from app.exit_codes import exit_code_of
from app.texts import sentence
from storage.errors import WatchfloorError

log = logging.getLogger(__name__)


@contextmanager
def sentences() -> Iterator[None]:
    """Expected failures become one sentence on stderr and an exit code; so does a file that the system refuses."""
    try:
        yield
    except WatchfloorError as error:
        _refuse(error)
    except OSError as error:
        if error.filename is None:
            raise
        _refuse(AppError(AppCode.NOT_WRITTEN, path=str(error.filename), reason=error.strerror or ""))


def _refuse(error: WatchfloorError) -> NoReturn:
    log.debug("refused", exc_info=error)
    typer.echo(sentence(error), err=True)
    raise typer.Exit(exit_code_of(error)) from None
