"""One GUI process per home and user: a second start asks the first to come forward and ends. GUI thread only."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.errors import AppCode, AppError

log = logging.getLogger(__name__)

_ANSWER_MS = 500


class SingleInstance:
    """Holds the home for this process. `on_called` is called when a second start asks."""

    def __init__(self, home: Path, parent: QObject) -> None:
        """Raises AppError(ALREADY_RUNNING) after the first process was asked to come forward."""
        self.on_called: Callable[[], None] = lambda: None
        name = "watchfloor-" + hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:24]
        if _answered(name):
            raise AppError(AppCode.ALREADY_RUNNING)
        QLocalServer.removeServer(name)  # a socket that a killed process left behind
        self._server = QLocalServer(parent)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        if not self._server.listen(name):
            log.warning("a second start cannot be noticed: %s", self._server.errorString())

    def close(self) -> None:
        """Let the next process have the home."""
        self._server.close()
        self._server.deleteLater()

    def _on_connection(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.disconnected.connect(connection.deleteLater)
            connection.disconnectFromServer()
            self.on_called()


def _answered(name: str) -> bool:
    socket = QLocalSocket()
    socket.connectToServer(name)
    answered = socket.waitForConnected(_ANSWER_MS)
    socket.abort()
    return answered
