"""The certificate authority of the alert tests, made once."""

from __future__ import annotations

import pytest

from tests.app.alert_servers import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs the certificate of every loopback server."""
    return Authority.made(tmp_path_factory.mktemp("authority"))
