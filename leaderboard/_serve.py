"""The verb `equipoise leaderboard`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from equipoise.harness_ext.errors import EquipoiseError, MissingExtraError, ResultsError, first_line
from equipoise.leaderboard._environment import EXAMPLE, FOLDER, LOGIN
from equipoise.leaderboard.example import example_folder

APP = Path(__file__).parent / "app.py"
PROVIDER = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
"""What the page's one provider needs."""
SHUTDOWN = 10.0
"""Seconds that the server has to end."""


def run_leaderboard(folder: str | None, *, port: int, address: str, headless: bool, base_path: str, login: bool) -> int:
    """Serve the page until Ctrl-C; the exit code of Streamlit. Raises `EquipoiseError` for wrong input."""
    if find_spec("streamlit") is None or find_spec("duckdb") is None:
        raise MissingExtraError('the leaderboard needs Streamlit: pip install ".[leaderboard]" in its folder')
    if folder is not None and "://" not in folder and (not folder or not Path(folder).is_dir()):
        raise ResultsError(
            f"{folder!r}: no such folder; name one with results of equipoise score or lm_eval, or none for an example"
        )
    if login:
        _check_login()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EquipoiseError(f"port {port} of {address} cannot be used ({reason}); choose another with --port") from error
    if folder is not None and "://" in folder:
        from equipoise.leaderboard.index import open_folder

        open_folder(folder)  # one that nothing here can read is told now
    environment = os.environ | {
        FOLDER: example_folder().as_posix() if folder is None else folder,
        EXAMPLE: str(int(folder is None)),
        LOGIN: str(int(login)),
    }
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": str(headless).lower(),
        "server.baseUrlPath": base_path.strip("/"),
        "server.fileWatcherType": "none",
        "runner.magicEnabled": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#3F8EDB",
        "theme.metricValueFontSize": "1.6rem",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *(f"--{k}={v}" for k, v in options.items() if v != "")]
    signal.signal(signal.SIGTERM, _interrupt)  # of a container or a service manager: the server must not outlive this process
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.terminate()
        try:
            process.wait(SHUTDOWN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return 0


def _check_login() -> None:
    """Raises `EquipoiseError` where nobody could log in: better no page than an open one, or one that nobody can enter."""
    import streamlit as st

    try:
        auth = st.secrets.get("auth")
    except FileNotFoundError as error:  # also of a broken one
        raise EquipoiseError(
            f"--login: no readable .streamlit/secrets.toml here or in the home folder ({first_line(error)})"
        ) from error
    missing = [key for key in PROVIDER if not isinstance(auth, Mapping) or not auth.get(key)]
    if missing:
        raise EquipoiseError(f"--login: {missing[0]} is missing in [auth] of .streamlit/secrets.toml; docs/deploy.md shows one")
    if find_spec("authlib") is None:
        raise MissingExtraError('--login needs Authlib: pip install "streamlit[auth]"')


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
