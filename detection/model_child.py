"""What processes that work on a foreign model have in common: they give up rights first, say JSON lines, and fail with
one word. The parent's side is `detection.model_process`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from detection import sandbox

Say = Callable[..., None]
Work = Callable[[Say], dict[str, object]]


class Refusal(Exception):
    """Why it is not done; the text is the word that the parent gets, `details` go with it."""

    def __init__(self, word: str, **details: object) -> None:
        super().__init__(word)
        self.details = details


def alone(work: Work, cpu_s: int = sandbox.CPU_S) -> int:
    """Give up rights, work, say what came of it; other libraries' prints go to standard error. The exit code."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**words: object) -> None:
        said.write(json.dumps(words) + "\n")
        said.flush()

    say(step="alone" if sandbox.enter(cpu_s) else "limited")
    try:
        say(**work(say))
    except Refusal as error:
        say(failed=str(error), **error.details)
        return 1
    except MemoryError:
        say(failed="memory")
        return 1
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises, the parent gets one word
        say(failed=_word(error))
        return 1
    return 0


def _word(error: Exception) -> str:
    """Ours by its code's last part, any other by its type."""
    code = getattr(error, "code", None)
    return str(code).rpartition(".")[2] if code is not None else type(error).__name__
