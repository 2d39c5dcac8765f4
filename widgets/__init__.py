"""Qt views: ask services, draw answers."""

from widgets.override_errors import install

install()
