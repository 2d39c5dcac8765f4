"""How a desk does a step: on a task thread, for who sits here now, a refusal as a sentence. Returns at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.errors import AppCode, AppError
from app.i18n import _
from app.tasks import Tasks
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.records import Actor

if TYPE_CHECKING:
    from app.package_films import PackageStep, Progress

log = logging.getLogger(__name__)

Said = Callable[[str], None]
"""Gets the sentence to show; on a task thread, or at once when nothing can be begun."""


class Acting:
    """`actor` says who sits here, or raises why nobody may act; `what` is the kind of step, for the log."""

    def __init__(self, tasks: Tasks, actor: Callable[[], Actor], what: str) -> None:
        self._tasks, self._actor, self._what = tasks, actor, what

    def act(self, work: Callable[[Actor], None], refused: Said, *, long: bool = False) -> bool:
        """For who sits here when it is asked for; False when it was not begun."""
        actor = self.sitting(refused)
        return actor is not None and self.run(lambda: work(actor), refused, long=long)

    def run(self, work: Callable[[], None], refused: Said, *, long: bool = False) -> bool:
        """Whoever sits here."""
        begun = self._tasks.submit(work, failed=self.failing(refused), long=long)
        if not begun:
            refused(_("Too much is waiting; nothing was done. Try again in a moment."))
        return begun

    def sitting(self, refused: Said) -> Actor | None:
        """Who sits here; where nobody may act, that is said."""
        try:
            return self._actor()
        except WatchfloorError as error:
            refused(sentence(error))
            return None

    def failing(self, refused: Said) -> Callable[[Exception], None]:
        """What becomes of an error: a sentence; one that nobody expected stands in the log, too."""

        def failed(error: Exception) -> None:
            if not isinstance(error, WatchfloorError):
                log.error("%s failed", self._what, exc_info=error)
                error = AppError(AppCode.INTERNAL)
            refused(sentence(error))

        return failed


def seldom(told: Progress) -> Progress:
    """Only when the step or the per cent changes: views are told over a bounded queue."""
    last: tuple[PackageStep, int] | None = None

    def tell(step: PackageStep, share: float) -> None:
        nonlocal last
        now = (step, int(share * 100))
        if now != last:
            last = now
            told(step, share)

    return tell
