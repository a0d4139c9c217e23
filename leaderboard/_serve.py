"""The verb `equipoise leaderboard`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from equipoise.harness_ext.errors import EquipoiseError, MissingExtraError, ResultsError
from equipoise.leaderboard.example import example_folder

APP = Path(__file__).parent / "app.py"


def run_leaderboard(folder: str | None, *, port: int, address: str, headless: bool, base_path: str) -> int:
    """Serve the page until Ctrl-C; the exit code of Streamlit. Raises `EquipoiseError` for wrong input."""
    if find_spec("streamlit") is None or find_spec("duckdb") is None:
        raise MissingExtraError('the leaderboard needs Streamlit: pip install "equipoise[leaderboard]"')
    if folder is not None and "://" not in folder and not Path(folder).is_dir():
        raise ResultsError(f"{folder}: no such folder; name one with results of equipoise score or lm_eval, or none for an example")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EquipoiseError(f"port {port} of {address} cannot be used ({reason}); choose another with --port") from error
    from equipoise.leaderboard.data import FOLDER

    environment = os.environ | {FOLDER: folder or str(example_folder())}
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": str(headless).lower(),
        "server.baseUrlPath": base_path.strip("/"),
        "server.fileWatcherType": "none",
        "runner.magicEnabled": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
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
        process.wait()
        return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
