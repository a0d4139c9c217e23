"""The pages of a large result folder in a real browser: how soon they stand, how soon a filter answers, what the server takes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PAGES = ("Board", "Balance", "Training", "Size", "Checkpoint", "Compare", "Questions")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
STILL = "document.querySelector('[data-test-script-state=notRunning]') !== null"
PORT = 8599


def measure_pages(folder: Path, cache: Path, repeats: int) -> dict[str, Any]:
    """Seconds until each page stands, in a server whose index knows the folder; peak memory of the server."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        return {}
    command = [str(Path(sys.executable).parent / "equipoise"), "leaderboard", str(folder), "--headless", "--port", str(PORT)]
    server = subprocess.Popen(command, env=os.environ | {"EQUIPOISE_CACHE": str(cache)}, stdout=subprocess.DEVNULL)
    try:
        _wait(server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            found = {"first_page_s": _visit(browser, "Board")}
            seconds = {name: [_visit(browser, name) for _ in range(repeats)] for name in PAGES}
            found |= {f"{name.lower()}_page_s": round(statistics.median(taken), 2) for name, taken in seconds.items()}
            found["filter_s"] = round(statistics.median(_filter(browser, f"run{i + 3}-step-1") for i in range(repeats)), 2)
            browser.close()
        found["server_memory_gb"] = _peak(server.pid)
        return found
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait(server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://localhost:{PORT}/_stcore/health", timeout=2)
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("the leaderboard did not start")


def _visit(browser: Any, name: str) -> float:
    """A new visitor's seconds from the address to the finished page."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    start = time.perf_counter()
    page.goto(f"http://localhost:{PORT}/{'' if name == 'Board' else name.lower()}")
    page.get_by_role("heading", name=name, exact=True, level=1).wait_for(timeout=120_000)
    page.wait_for_function(STILL, timeout=120_000)
    taken = time.perf_counter() - start
    page.close()
    return round(taken, 2)


def _filter(browser: Any, text: str) -> float:
    """Seconds from Enter in a filter of the board to the filtered table."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"http://localhost:{PORT}/")
    page.get_by_role("heading", name="Board", exact=True, level=1).wait_for(timeout=120_000)
    page.wait_for_function(STILL, timeout=120_000)
    page.get_by_label("Name contains").fill(text)
    start = time.perf_counter()
    page.get_by_label("Name contains").press("Enter")
    wanted = f"[...document.querySelectorAll('canvas tbody td')].filter(cell => cell.textContent.includes({text!r})).length > 1"
    page.wait_for_function(f"{wanted} && {STILL}", timeout=30_000)
    taken = time.perf_counter() - start
    page.close()
    return taken


def _peak(pid: int) -> float:
    """Peak memory of a process and of those it started, GB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(found.group(1)) * 1024 / 1e9 if found else 0.0
    return round(own + sum(_peak(int(child)) for child in children), 2)
