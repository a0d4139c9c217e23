"""Reports of a comparison: what they say, and that text stays text."""

import json
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from test_compare import ALL, against, choice, choices, question, questions, save, strict

from equipoise.harness_ext.compare import compare
from equipoise.harness_ext.errors import ResultsError
from equipoise.leaderboard.reports import as_html, as_json, as_markdown, write_report

# fmt: off
HOSTILE = (
    "<script>alert(1)</script></pre><img src=x onerror=alert(2)//>\"'{{7*7}}{% raw %}|a|`b`**c** [d](http://e.org/f) $x^2$ \\(y\\) "
    "&lt;z&gt; \u202eRTL \u05d0\u05d1 e\u0301\u0301\u0301\u2028 # h <img src=x onerror=a()>"
)
LONG = "x" * 99_000 + "</pre><script>" + "y" * 1_000
TAGS = """html head meta title link style body h1 h2 h3 p b bdi a div span pre details summary table tr th td ul li
    svg g rect line circle polyline text"""


class Page(HTMLParser):
    """Tags with attributes, all text, and the rows of all tables."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.rows = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    """Two checkpoints with everything a report can show."""
    root = tmp_path_factory.mktemp("whole")
    kept = {"t": choices("1" * 30 + "0" * 10), "u": [choice(i, i % 2, tier=1) | {"bpb": 1.0 + i % 2} for i in range(8)]}
    lost = {"t": choices("1" * 12 + "0" * 28), "u": [choice(i, False, tier=1) | {"bpb": 2.0} for i in range(8)]}
    base = questions([0.2] * 4) + [question(i, 0.3, category="policy", harm=0.5) for i in range(4, 8)]
    better = questions([0.8] * 4) + [question(i, 0.7, category="policy", critical=i == 7) for i in range(4, 8)]
    for name, rows, form, general, seed in (("base", base, 0.2, kept, None), ("good", better, 0.7, kept, 1), ("bad", base, 0.2, lost, 2)):
        save(root / name, {"r": rows, **general}, manifest={"name": name, "config_hash": seed and "c0ffee", "seed": seed})
        save(root / name, {"r": questions([form] * 8, form=1)}, day=2, metadata={"form": 1})
    return compare(["base", "good", "bad"], results=root)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Markup in every text that comes from a file, half a character in an answer, NaN in a manifest."""
    root, quoted = tmp_path_factory.mktemp("hostile"), json.dumps(HOSTILE)[1:-1]
    for side, rights in (("base", "1110"), ("new", "1001")):
        texts = (f"{side}: {HOSTILE} HALF", LONG)
        rows = [question(i, 0.5, critical=side == "new", category=HOSTILE, texts=texts) for i in range(2)]
        for row in rows:
            row["doc"] |= {"id": row["doc"]["id"] + HOSTILE, "title": HOSTILE, "prompt": HOSTILE}
            row["doc"]["criteria"] = row["doc"]["criteria"].replace("Promises a lift", quoted)
            row["filtered_resps"] = [[text.replace("states 2.5", quoted) for text in draws] for draws in row["filtered_resps"]]
        changed = {"choices": [HOSTILE, "no </bdi></summary>", "c", "d"], "prompt": side, "question": HOSTILE}
        general = [choice(i, right == "1", id=f"{i} {HOSTILE}", **changed) for i, right in enumerate(rights)]
        samples = {"r": rows, "t": general, "p": [{**general[0], "arguments": {}}]}
        manifest = {"name": f"{side} {HOSTILE}", "mix": {HOSTILE: 1.0}, "parent": HOSTILE, "seed": 1, "validation": {"t": float("nan")}}
        save(root / side, samples, members={f"g {HOSTILE}": ["t"], f"p {HOSTILE}": ["p"]}, manifest=manifest)
        (path,) = (root / side).glob("samples_r_*")
        path.write_text(path.read_text("utf-8").replace("HALF", "\\\\ud800"), "utf-8")
    return compare(["base", "new"], results=root)
# fmt: on


@pytest.fixture(params=["comparison", "hostile"])
def either(request):
    return request.getfixturevalue(request.param)


def test_html_loads_nothing_and_runs_nothing(either):
    html = as_html(either)
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= set(TAGS.split())
    for _tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcdoc", "style", "xlink:href")]
        assert attributes.get("href", "#").startswith(("#", "data:,"))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert not re.search(r"url\(|@import|http", style)


def test_hostile_text_is_shown_as_text(hostile):
    plain = Page(as_html(hostile)).text
    for start in ("base ", "new ", "q-0", "base: ", "new: ", "1 ", "g ", "chance level or direction known: p "):
        assert f"{start}{HOSTILE}" in plain, start
    assert f"right: {HOSTILE[:80]} · now: no </bdi></summary>" in plain
    assert (LONG[:6000] in plain, LONG[:6001] in plain) == (True, False)
    assert "94,014 more characters in the samples file" in plain


def test_numbers_of_the_page_are_those_of_the_comparison(comparison):
    rows = Page(as_html(comparison)).rows
    spaced = [[" ".join(cell.split()) for cell in row] for row in rows]
    for c in comparison.compared:
        for a in c.general.abilities:
            d = a.difference
            assert [f"{d.name} {a.metric}", f"{a.chance:.2f}", f"{d.base:.3f}", f"{d.value:.3f}"] in [row[:4] for row in spaced]
            flips = [str(a.forgetting.lost), str(a.forgetting.won)]
            assert flips in [row[5:7] for row in spaced if row[0] == f"{d.name} {a.metric}"]
        for d in c.domain.dimensions:
            assert [d.name, f"{d.base:.3f}", f"{d.value:.3f}"] in [row[:3] for row in spaced]
            assert f"{d.better} / {d.worse}" in [row[4] for row in spaced if row[0] == d.name]
    c = comparison.compared[0]
    d, g = c.domain.difference, c.general.decision
    (shown,) = [row for row in spaced if row[0].startswith("good") and len(row) == 9]
    assert shown[1:4] == ["better", f"{d.value:.3f}", f"{d.mean:+.3f} {d.low:+.3f} … {d.high:+.3f}"]
    assert shown[4:6] == [g.answer, f"{c.general.value.mean:.3f}"]
    assert shown[6:] == [f"{g.mean:.3f} {g.low:+.3f} … {g.high:+.3f}", f"{c.balances.other.value:.3f}", "1"]


def cells(line):
    """Cells of a Markdown table row: bars that are not escaped, less the two outer ones."""
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


def test_markdown_tables_are_even_and_text_stays_text(either):
    text = as_markdown(either)
    tables = [block.split("\n") for block in map(str.strip, re.split(r"\n(?!\|)", text)) if block.startswith("|")]
    assert len(tables) == 1 + 2 * len(either.compared)
    assert all(len({cells(line) for line in table}) == 1 for table in tables)
    page = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert {tag for tag, _ in page.tags} - set(TAGS.split()) == {"strong", "thead", "tbody"}
    assert len(page.rows) == sum(len(table) - 1 for table in tables)
    for c in either.compared:
        assert page.text.count(" ".join(c.name.split())) >= 5  # two paragraphs, a row, two summaries


def test_json_is_strict_and_has_what_the_page_has(either, comparison):
    assert len(strict(as_json(either).encode("utf-8"))["compared"]) == len(either.compared)
    found, c = strict(as_json(comparison))["compared"][1], comparison.compared[1]
    assert found["verdict"].startswith("Against base, bad cannot be told apart at the domain work")
    assert found["general"]["decision"]["answer"] == c.general.decision.answer == "collapse"
    assert found["general"]["retention"] == pytest.approx(c.general.retention)
    assert found["domain"]["dimensions"][0]["detectable"] == 0
    assert found["general"]["abilities"][1]["tiers"] == {"1": [pytest.approx(1 / 3), pytest.approx(-1 / 3), 8]}


# fmt: off
SENTENCES = {  # samples of the base and of the other, what is said
    "better": ({"r": [0.0] * 6}, {"r": [0.5] * 6}, r"other0 is better at the domain work \(score 0.000 → 0.500, difference \+0.500, "
               r"95 % interval \+0.500 to \+0.500, p = 0.031, 6 questions\)\. No general task was scored\.$"),
    "worse": ({"r": [0.5] * 6}, {"r": [0.0] * 6}, "is worse at the domain work"),
    "cannot tell": ({"r": [0.5] * 6}, {"r": [0.4, 0.7] * 3}, "cannot be told apart at the domain work .* 6 questions of this spread would "
                    "show a true difference of 0.24 four times in five; about 81 more would decide one as large as observed"),
    "unchanged": ({"r": [0.5] * 45}, {"r": [0.5] * 45}, r"cannot be told apart .*p = 1.000, 45 questions\)\. No general"),
    "few": ({"r": [0.0] * 24}, {"r": [0.5] * 6 + [0.0] * 18}, "too few informative questions, fewer than 30 % of the 24 are above zero"),
    "one": ({"r": [0.5], "t": "1"}, {"r": [0.9], "t": "1"}, r"cannot be told .*1 questions\)\. Whether .* is open.*"
            r"Balance 0.707 → 0.949 \(difference -inf to \+inf\)"),
    "no collapse": ({"t": ALL}, {"t": ALL}, r"other0 has no domain task\. General ability has not collapsed: a loss of 0.03 or more is "
                    r"excluded \(ΔG 0.000, one-sided 95 % bounds -0.022 and \+0.022"),
    "collapse": ({"t": ALL}, {"t": "1" * 50 + "0" * 50}, r"has collapsed: the loss is larger than 0.03 \(ΔG -0.667"),
    "inconclusive": ({"t": "1" * 8}, {"t": "1" * 6 + "00"}, r"is open: neither a loss of 0.03 nor its absence is shown \(ΔG -0.333, "
                     r"one-sided 95 % bounds -0.747 and \+0.080.* About 34 documents would decide it"),  # 4.2 times the 8
}
# fmt: on


@pytest.mark.parametrize("case", SENTENCES)
def test_verdict_sentences(case, tmp_path):
    before, after, expected = SENTENCES[case]
    rows = [{t: choices(v) if isinstance(v, str) else questions(v) for t, v in side.items()} for side in (before, after)]
    found = against(tmp_path, *rows)
    verdict = strict(as_json(found))["compared"][0]["verdict"]
    assert re.search(expected, verdict), verdict
    assert verdict in Page(as_html(found)).text
    assert verdict in Page(MarkdownIt().render(as_markdown(found))).text


def test_winners_are_confirmed_or_called_unconfirmed(comparison, tmp_path):
    assert "Critical failures: 1 new, 0 gone." in as_markdown(comparison)
    assert " Better on form 1 as well." in as_markdown(comparison)
    rows = {"r": questions([0.2] * 8), "t": choices(ALL)}
    found = against(tmp_path, rows, {**rows, "r": questions([0.9] * 8)}, rows)
    assert "unconfirmed, for the best of several is flattered" in as_markdown(found)
    assert "best balance, unconfirmed" in as_html(found)


def test_reports_that_cannot_be_written_are_one_line(comparison, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.md").mkdir()
    expected = {"r.pdf": r"r\.pdf: ends in \.pdf; use \.html, \.md, \.json$", "report": "ends in nothing"}
    for name, says in {**expected, "folder.md": "is a folder", "file/r.html": "cannot be written"}.items():
        with pytest.raises(ResultsError, match=says):
            write_report(comparison, tmp_path / name)
