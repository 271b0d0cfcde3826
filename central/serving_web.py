"""Serves central over HTTPS: gunicorn with threads, and the folding thread beside them in the one process."""

import gc
import socket
import ssl
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from central.app import app_for
from central.authority import server_files
from central.config import CentralConfig, ConfigError
from central.folding_thread import FoldingThread
from central.office import Office, open_office
from central.pages.live import live_board

_KEEPALIVE_S = 65
_COLLECT_AFTER = 20_000  # values that are still there; Python itself looks after 700
_GRACE_S = 10
# A live viewer or a node on a slow radio link may hold a request for long; the worker beats on its own.
_WORKER_TIMEOUT_S = 120


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn under our own settings. `run` returns when it is told to stop (SIGTERM, SIGINT)."""

    def __init__(self, config: CentralConfig) -> None:
        """Nothing is opened yet: a database connection must not be shared across the fork of the worker."""
        self._config = config
        self._office: Office | None = None
        self._folding: FoldingThread | None = None
        self._app: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to serve."""
        config = self._config
        host = f"[{config.host}]" if ":" in config.host else config.host
        settings: dict[str, Any] = {
            "bind": [f"{host}:{config.port}"],
            "proc_name": "hadir-central",
            "worker_class": "gthread",
            # One process: SQLite wants one writer, and the live board is read once for all viewers.
            "workers": 1,
            "threads": config.threads,
            "timeout": _WORKER_TIMEOUT_S,
            "graceful_timeout": _GRACE_S,
            "keepalive": _KEEPALIVE_S,
            "control_socket_disable": True,
            "post_worker_init": self._started,
            "worker_exit": self._stopped,
        }
        if not config.plain_http:
            certificate, key = server_files(config.data_dir)
            settings |= {"certfile": str(certificate), "keyfile": str(key), "ssl_context": _modern_tls}
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Open the installation, in the worker."""
        self._office = open_office(self._config)
        self._folding = FoldingThread(self._office)
        self._app = app_for(self._office)
        return self._app

    def _started(self, worker: Any) -> None:
        # What is loaded now stays: the collector need not walk through it again every few batches. A batch is
        # a thousand values without a cycle among them, so it need not look after each either.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        if self._app is not None:
            # Open streams end when the worker is told to stop, so that viewers don't delay a restart.
            live_board(self._app).still_serving = lambda: bool(worker.alive)
        if self._folding is not None:
            self._folding.start()

    def _stopped(self, _server: Any, _worker: Any) -> None:
        if self._folding is not None and self._office is not None:
            self._folding.stop()
            self._office.database.close()


def refuse_taken(config: CentralConfig) -> None:
    """Say in one sentence what gunicorn would only find out after several attempts.

    Raises:
        ConfigError: the address is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise ConfigError(
                f"Tidak dapat melayani di {config.host} port {config.port} ({error.strerror}): hentikan "
                "program lain di sana, atau ganti host atau port."
            ) from error


def _modern_tls(_config: Any, default: Any) -> ssl.SSLContext:
    context = default()
    assert isinstance(context, ssl.SSLContext)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
