"""Figures as inline SVG: no script, no font, no file; colours come from the page's CSS, so they follow dark and light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from equipoise.harness_ext.compare import Compared, Comparison, Difference
from equipoise.leaderboard.reports._words import signed

WIDTH = 720


@dataclass(frozen=True, slots=True)
class _Axis:
    """Linear map of [low, high] to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round numbers inside."""
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10) if (self.high - self.low) / s <= 8)
        first = int(self.low / step) - 1
        return [round(i * step, 4) for i in range(first, first + 22) if self.low <= i * step <= self.high]


def scatter(comparison: Comparison) -> Markup:
    """Domain score against general score with 95 % intervals, the Pareto front, and the line below which G is more than the
    margin under the base's. Empty where a side is missing."""
    shown = [(c, c.domain, c.general) for c in comparison.compared if c.domain and c.general]
    if not shown:
        return Markup("")
    _, first, general = shown[0]
    points = [(comparison.base.name, first.scores[0], general.base, True, False)]
    points += [(c.name, d.scores[1], g.value, False, c.on_front) for c, d, g in shown]
    x = _axis([v for _, d, _, _, _ in points for v in (d.low, d.high, d.mean)], 70, WIDTH - 20)
    y = _axis([v for _, _, g, _, _ in points for v in (g.low, g.high, g.mean)] + [general.base.mean - comparison.margin], 400, 20)
    parts = [_frame(x, y, "domain score D", "general score G")]
    limit = y(general.base.mean - comparison.margin)
    parts.append(
        f'<rect class="below" x="{x.start}" y="{limit}" width="{x.end - x.start}" height="{max(0.0, y.start - limit):.1f}"/>'
    )
    parts.append(
        f'<text class="note" x="{x.end - 6}" y="{limit + 14}" text-anchor="end">more than {comparison.margin:g} below the base</text>'
    )
    front = sorted((x(d.mean), y(g.mean)) for _, d, g, _, on_front in points if on_front)
    parts.append(f'<polyline class="front" points="{" ".join(f"{a},{b}" for a, b in front)}"/>')
    label_at = _label_heights([(x(d.mean), y(g.mean)) for _, d, g, _, _ in points]) if len(points) <= 12 else []
    for i, (name, d, g, is_base, on_front) in enumerate(points):
        kind = "base" if is_base else "best" if on_front else "other"
        title = f"{name}: D {d.mean:.3f} ({d.low:.3f} to {d.high:.3f}), G {g.mean:.3f} ({g.low:.3f} to {g.high:.3f})"
        if not is_base:
            parts.append(
                f'<line class="arrow" x1="{x(points[0][1].mean)}" y1="{y(points[0][2].mean)}" x2="{x(d.mean)}" y2="{y(g.mean)}"/>'
            )
        parts.append(
            f'<g class="{kind}"><title>{escape(title)}</title>'
            f'<line x1="{x(d.low)}" y1="{y(g.mean)}" x2="{x(d.high)}" y2="{y(g.mean)}"/>'
            f'<line x1="{x(d.mean)}" y1="{y(g.low)}" x2="{x(d.mean)}" y2="{y(g.high)}"/>'
            f'<circle cx="{x(d.mean)}" cy="{y(g.mean)}" r="6"/>'
            + (_label(x(d.mean), label_at[i], name) if label_at else "")
            + "</g>"
        )
    return _svg("Domain score against general score", 450, parts)


def changes(compared: Compared) -> Markup:
    """All differences of one checkpoint as a forest plot: dimensions, categories, tasks, abilities."""
    groups: list[tuple[str, Sequence[Difference]]] = []
    if compared.domain:
        groups += [("Domain", [compared.domain.difference, *compared.domain.dimensions])]
        groups += [("Domain, by category", compared.domain.categories), ("Domain, by task", compared.domain.tasks)]
    if compared.general:
        groups.append(
            ("General, by ability (above chance)", [line for a in compared.general.abilities for line in (a.difference, *a.parts)])
        )
    return forest(groups)


def forest(groups: Sequence[tuple[str, Sequence[Difference]]]) -> Markup:
    """Differences to the base with 95 % intervals, one line each, in groups; the pale band is what such a line can detect."""
    lines = [line for _, members in groups for line in members]
    if not lines:
        return Markup("")
    reach = max([0.05, *(abs(v) for line in lines for v in (line.low, line.high) if abs(v) < 10)])
    x = _Axis(-reach * 1.05, reach * 1.05, 250, WIDTH - 130)
    parts, top = [], 20
    for title, members in groups:
        if not members:
            continue
        parts.append(f'<text class="group" x="8" y="{top + 4}">{escape(title)}</text>')
        top += 22
        for line in members:
            sure = line.adjusted < 0.05
            kind = ("gain" if line.gain else "loss") if sure else "unsure"
            band = min(line.detectable, x.high)
            parts.append(
                f'<g class="{kind}"><title>{escape(_told(line))}</title>'
                f'<rect class="band" x="{x(-band)}" y="{top - 7}" width="{x(band) - x(-band):.1f}" height="14"/>'
                f'<text x="20" y="{top + 4}">{escape(_short(line.name, 32))}</text>'
                f'<line x1="{x(line.low)}" y1="{top}" x2="{x(line.high)}" y2="{top}"/>'
                f'<circle cx="{x(line.mean)}" cy="{top}" r="4.5"/>'
                f'<text x="{WIDTH - 8}" y="{top + 4}" text-anchor="end">{signed(line.mean)}{" *" if sure else ""}</text></g>'
            )
            top += 22
        top += 8
    ticks = "".join(
        f'<line class="grid" x1="{x(t)}" y1="8" x2="{x(t)}" y2="{top}"/><text class="tick" x="{x(t)}" y="{top + 16}" text-anchor="middle">{f"{t:+g}" if t else "0"}</text>'
        for t in x.ticks()
    )
    zero = f'<line class="zero" x1="{x(0)}" y1="8" x2="{x(0)}" y2="{top}"/>'
    return _svg("Differences to the base with 95 % intervals", top + 26, [ticks, zero, *parts])


def _label(at: float, height: float, name: str) -> str:
    """Beside its point, on the side where there is room."""
    right = at < 0.65 * WIDTH
    return f'<text x="{at + (10 if right else -10)}" y="{height}" text-anchor="{"start" if right else "end"}">{escape(_short(name))}</text>'


def _label_heights(points: Sequence[tuple[float, float]]) -> list[float]:
    """Where the label of each point stands, moved up until it is clear of the labels set before."""
    placed: list[tuple[float, float]] = []
    for across, up in points:
        height = up - 8
        while any(abs(across - a) < 170 and abs(height - h) < 14 for a, h in placed):
            height -= 14
        placed.append((across, height))
    return [round(height, 1) for _, height in placed]


def _axis(values: Sequence[float], start: float, end: float) -> _Axis:
    finite = [v for v in values if abs(v) < 10]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    pad = max(0.02, (high - low) * 0.08)
    return _Axis(low - pad, high + pad, start, end)


def _frame(x: _Axis, y: _Axis, across: str, up: str) -> str:
    parts = [
        f'<line class="grid" x1="{x(t)}" y1="{y.end}" x2="{x(t)}" y2="{y.start}"/><text class="tick" x="{x(t)}" y="{y.start + 18}" text-anchor="middle">{t:g}</text>'
        for t in x.ticks()
    ]
    parts += [
        f'<line class="grid" x1="{x.start}" y1="{y(t)}" x2="{x.end}" y2="{y(t)}"/><text class="tick" x="{x.start - 8}" y="{y(t) + 4}" text-anchor="end">{t:g}</text>'
        for t in y.ticks()
    ]
    parts.append(f'<text class="axis" x="{(x.start + x.end) / 2}" y="{y.start + 40}" text-anchor="middle">{across}</text>')
    middle = (y.start + y.end) / 2
    parts.append(f'<text class="axis" x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">{up}</text>')
    return "".join(parts)


def _told(line: Difference) -> str:
    return f"{line.name}: {line.base:.3f} → {line.value:.3f}, {signed(line.mean)} ({signed(line.low)} to {signed(line.high)}), Holm p {line.adjusted:.3f}"


def _short(name: str, limit: int = 28) -> str:
    return name if len(name) <= limit else "…" + name[-limit + 1 :]


def _svg(title: str, height: float, parts: Sequence[str]) -> Markup:
    return Markup(  # every text in it is escaped above
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
