"""An exception in an override of one of Qt's methods is logged, as in any slot; without this it can end the process.

shiboken6 (6.11, limited API, Python 3.11) hands on what an override raised as it finds it. What C code raised is no
exception object yet (`int("x")`, "C++ object already deleted", a wrong argument): it reads on in a string, and the wall
is gone by SIGSEGV. An `except` on the way makes it whole. Python 3.12 never raises anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

from PySide6.QtCore import QObject


def install() -> None:
    """For every subclass of Qt's objects that is defined from now on."""
    hook: Any = classmethod(_guard)
    QObject.__init_subclass__ = hook  # type: ignore[method-assign]  # there is no other place before all classes


def _guard(cls: type[Any], /, **options: Any) -> None:
    super(QObject, cls).__init_subclass__(**options)
    qt = [known for known in cls.__mro__ if known.__module__.startswith("PySide6.")]
    for name, found in list(vars(cls).items()):
        if type(found) is FunctionType and not name.startswith("__") and any(name in vars(known) for known in qt):
            setattr(cls, name, _whole(found))


def _whole(override: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(override)
    def called(*values: Any, **named: Any) -> Any:
        try:
            return override(*values, **named)
        except BaseException:  # noqa: TRY203  # to enter this makes an object of it; it goes on as it came
            raise

    return called
