"""The leaderboard in a real browser, started by its real command."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from urllib.parse import parse_qs, urlparse

import pytest
from conftest import BIN
from test_compare import choices, question, save
from test_pages import PAGES, manifest, small_series

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NASTY = "<img src=x onerror=window.hacked=1> **bold** $x^2$ :red[x] `c`"
KNOWN = re.compile(r"/\w+/_stcore/(health|host-config)$")
"""Streamlit's page asks for these under the page's own path first, where it was opened by that path; there they are a 404."""


def missing(what):
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI must run the browser tests")
    pytest.skip(f"{what}; the browser tests need Playwright and chromium (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        missing("chromium is not here")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the package playwright is not here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Watched:
    """A page, and what went wrong on it."""

    def __init__(self, browser, **options):
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000}, **options)
        self.page.set_default_timeout(30_000)
        self.wrong, self.hosts = [], set()
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.hosts.add(urlparse(request.url).hostname))

    def _heard(self, message):
        if message.type == "error" and not KNOWN.search(urlparse(message.location.get("url", "")).path):
            self.wrong.append(f"{message.text} {message.location}")

    def see(self, url, title):
        self.page.goto(url)
        return self.ready(title)

    def ready(self, title):
        self.page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
        self.settled()
        assert self.page.locator("[data-testid=stException]").count() == 0
        return self.page

    def settled(self):
        self.page.wait_for_function("document.querySelector('[data-test-script-state=notRunning]') !== null")
        self.page.wait_for_timeout(200)

    def rows(self):
        """The first cells of the first table, row by row, as a screen reader finds them: of columns that are out of sight it finds none."""
        self.page.locator("canvas tbody tr").first.wait_for(state="attached")
        self.page.wait_for_timeout(600)  # they follow the picture of the table
        return self.page.evaluate(
            "[...document.querySelector('[data-testid=stDataFrame] canvas').querySelectorAll('tbody tr')].map(r => [...r.cells].slice(0, 7).map(c => c.textContent))"
        )

    def address(self):
        return parse_qs(urlparse(self.page.url).query)


@pytest.fixture
def tab(browser):
    watched = Watched(browser)
    yield watched
    watched.page.close()
    assert watched.wrong == []
    assert watched.hosts <= {"localhost", None}


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def started(folder, port, cache):
    command = [str(BIN / "equipoise"), "leaderboard", str(folder), "--headless", "--port", str(port)]
    process = subprocess.Popen(
        command, env=os.environ | {"EQUIPOISE_CACHE": str(cache)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2):
            return process
        time.sleep(0.2)
    process.kill()
    raise AssertionError(process.communicate()[0])


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """The address of the page of a small series and one hostile checkpoint."""
    folder = small_series(tmp_path_factory.mktemp("small"))
    rows = [question(i, 0.2, texts=(f"Answer {NASTY}", "Other")) for i in range(4)]
    for row in rows:
        row["doc"]["prompt"] = f"# Title\n{NASTY}"
    save(
        folder / "nasty", {"r": rows, "t": choices("1" * 100)}, manifest=manifest(50) | {"name": NASTY, "parameters": 7_000_000_000}
    )
    port = free_port()
    process = started(folder, port, tmp_path_factory.mktemp("cache"))
    yield f"http://localhost:{port}"
    process.terminate()
    assert process.wait(20) == 0


def test_every_page_opens_and_hostile_text_is_text(server, tab):
    for name in PAGES:
        page = tab.see(f"{server}/{'' if name == 'board' else name}?checkpoint={NASTY}&with={NASTY}", name.capitalize())
        assert page.evaluate("window.hacked") is None, name
        assert page.locator(".katex, main img").count() == 0, name
        assert not [text for text in page.locator("main strong").all_text_contents() if text == "bold"], name


def test_a_filter_changes_the_table_and_the_address_brings_it_back(server, tab):
    page = tab.see(f"{server}/", "Board")
    assert len(tab.rows()) == 6
    page.get_by_label("Name contains").fill("mix80")
    page.get_by_label("Name contains").press("Enter")
    page.wait_for_url("**name=mix80*")
    tab.settled()
    shown = tab.rows()
    assert [row[0] for row in shown] == ["mix80-step-100", "mix80-step-200"]
    other = tab.see(f"{server}/?{urlparse(page.url).query}&verdict=collapse", "Board")
    assert tab.rows() == shown
    other.get_by_role("link", name="Training").click()
    tab.ready("Training")
    assert other.get_by_label("Name contains").input_value() == "mix80"  # a filter goes along to the next page
    page.get_by_role("link", name="Checkpoint").click()
    tab.ready("Checkpoint")
    page.go_back()
    tab.ready("Training")
    other.go_back()
    tab.ready("Board")


def test_a_row_opens_its_checkpoint(server, tab):
    page = tab.see(f"{server}/", "Board")
    name = tab.rows()[1][0]
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 * 2 + 17)
    tab.ready("Checkpoint")
    assert tab.address()["checkpoint"] == [name]
    page.get_by_role("link", name="Board").click()
    tab.ready("Board")
    page.wait_for_timeout(500)
    assert tab.ready("Board")  # it stays: the row is not chosen any more


def test_a_point_opens_its_checkpoint(server, tab):
    page = tab.see(f"{server}/balance?series=mix20", "Balance")
    page.locator(".scatterlayer .points path").first.wait_for()
    box = page.locator(".scatterlayer .points path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.ready("Checkpoint")
    assert tab.address()["checkpoint"][0].startswith(("mix20-step-", "base"))
    page.get_by_role("link", name="Balance").click()
    tab.ready("Balance")
    page.wait_for_timeout(500)
    tab.ready("Balance")


def test_compare_and_downloads(server, tab, tmp_path):
    page = tab.see(f"{server}/compare?against=base&with=mix80-step-200", "Compare")
    assert "General: collapse" in page.locator("main").inner_text()
    for name, file, inside in (
        ("Report (HTML)", "comparison.html", "<html"),
        ("For a pull request", "comparison.md", "mix80"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == file
        assert inside in download.value.path().read_text("utf-8")
    page = tab.see(f"{server}/?name=mix80", "Board")
    with page.expect_download() as download:
        page.locator("main").get_by_role("button", name="CSV", exact=True).click()
    text = download.value.path().read_text("utf-8")
    assert (text.count("\n"), text.split(",")[0]) == (3, "checkpoint")


def test_the_first_page_has_a_name_too(server, tab):
    assert len(tab.see(f"{server}/board?name=mix80", "Board").get_by_role("link", name="Board").all()) == 1
    assert len(tab.rows()) == 2


def test_the_keyboard_reaches_the_table(server, tab):
    page = tab.see(f"{server}/", "Board")
    tab.rows()
    page.get_by_label("Name contains").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"


def test_a_taken_port_and_ctrl_c(browser, tmp_path):
    port = free_port()
    process = started(tmp_path, port, tmp_path / "cache")
    again = subprocess.run(
        [BIN / "equipoise", "leaderboard", tmp_path, "--headless", "--port", str(port)], capture_output=True, text=True, timeout=60
    )
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert re.match(rf"equipoise: port {port} of localhost cannot be used \(.+\); choose another with --port\n", again.stderr)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert "Traceback" not in said


def test_the_report_of_compare_asks_nobody(browser, tab, tmp_path):
    folder = small_series(tmp_path / "results")
    rows = [question(i, 0.1, texts=(f"Answer {NASTY}", "<script>window.hacked = 1</script>"), critical=True) for i in range(4)]
    save(folder / "nasty", {"r": rows, "t": choices("0" * 100)}, manifest={"name": NASTY})
    report = tmp_path / "report.html"
    command = [BIN / "equipoise", "compare", "base", "nasty", "--results", folder, "--output", report]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    requests = []
    tab.page.on("request", lambda request: requests.append(request.url))
    tab.page.goto(report.as_uri())
    tab.page.wait_for_timeout(300)
    assert requests == [report.as_uri()]
    assert tab.page.evaluate("window.hacked") is None
    assert "<img src=x onerror=window.hacked=1>" in tab.page.inner_text("body")
