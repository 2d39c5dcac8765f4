"""What a process takes from itself before it opens a file that a stranger made: rights, network, memory, time.

Used by `detection.model_child` on its first lines, before anything starts a thread. On Linux: no new privileges, a
network namespace without interfaces where the kernel lets users have one, limits, low priority. Everywhere: an audit
hook that refuses connections and new programs; Python code cannot remove it. A second line of defence: the first is
that weights are read without running what is in them (`ULTRALYTICS_SAFE_LOAD`).
"""

from __future__ import annotations

import os
import sys

MEMORY_BYTES = 6 << 30
FILE_BYTES = 2 << 30
CPU_S = 600
_PR_SET_NO_NEW_PRIVS = 38
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_REFUSED = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind", "subprocess.Popen", "os.system")
_REFUSED_STARTS = ("os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn", "ftplib.", "smtplib.", "urllib.")


def enter(cpu_s: int = CPU_S) -> bool:
    """Give rights up for good; whether the kernel also took the network away. `cpu_s`: all the CPU time it may have."""
    if hasattr(os, "nice"):
        os.nice(15)
    _limit(cpu_s)
    alone = _leave_network()
    sys.addaudithook(_refuse)
    return alone


def _limit(cpu_s: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's deadline is the limit
        return
    for which, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CPU, cpu_s),
    ):
        _, hard = resource.getrlimit(which)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (least, least))


def _leave_network() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(kernel.unshare(_NEW_USER | _NEW_NET) == 0)


def _refuse(event: str, _args: object) -> None:
    if event in _REFUSED or event.startswith(_REFUSED_STARTS):
        raise PermissionError(f"{event} is not allowed while a model is worked on")
