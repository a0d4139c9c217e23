"""Colours, sizes and words that all figures share."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8C6D31", "#7F7F7F")
"""Okabe and Ito's colours in an order that keeps neighbours apart, without yellow, which a white page swallows."""
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")
"""Lines differ in their markers too."""
SCALE = "Cividis"
"""Of numbers in cells: the same to every eye."""
SIZES = ("#3F8EDB", "#8C7BC8", "#CC6A9E", "#E8743B")
"""Of sizes, small to large: none vanishes on a white page or on a black one, and blue to orange is seen by every eye."""
HEIGHT = 560
MOST_LABELS = 15
"""Points that are named in the picture; more are named under the pointer."""
MOST_BARS = 60
"""Points whose intervals are drawn; of more, those of the front and the bases."""


def plain(text: object) -> str:
    """A name as text: plotly reads a little HTML in labels, so none is let through; long names lose their middle."""
    name = str(text)
    name = name if len(name) <= 60 else f"{name[:30]}…{name[-28:]}"
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;").replace("\n", " ")


def number(value: object) -> str:
    """Three places, or "unknown"."""
    known = isinstance(value, (int, float)) and math.isfinite(value)
    return f"{value:.3f}" if known else "unknown"


def size_name(parameters: object) -> str:
    """1.4B, 135M, or "unknown"."""
    if not isinstance(parameters, (int, float)) or not math.isfinite(parameters):
        return "unknown"
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if parameters >= unit:
            return f"{parameters / unit:.3g}{letter}"
    return str(int(parameters))


def mix_name(mix: object) -> str | None:
    """The mix of `Index.checkpoints` in words, such as `domain 50 %, general 50 %`; None where it is not known."""
    try:
        shares = json.loads(str(mix))
        return ", ".join(f"{source} {100 * float(share):.3g} %" for source, share in shares.items())
    except (ValueError, TypeError, AttributeError):
        return None


def size_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Ticks of a logarithmic axis of sizes: the sizes themselves where they are few, with their short names."""
    known = sorted({float(v) for v in values if math.isfinite(v) and v > 0})
    if not known or len(known) > 12:
        return {}
    kept = [known[0]]
    for value in known[1:]:
        if value > 1.25 * kept[-1]:
            kept.append(value)
    return {"tickmode": "array", "tickvals": kept, "ticktext": [size_name(v) for v in kept]}


def error_bars(rows: pd.DataFrame, side: str) -> dict[str, object]:
    """plotly's error bars of one side; a missing bound gives no bar."""
    up = rows[f"{side}_high"] - rows[side]
    down = rows[side] - rows[f"{side}_low"]
    return {"type": "data", "symmetric": False, "array": up.fillna(0), "arrayminus": down.fillna(0), "thickness": 1, "width": 0}


def laid_out(figure: go.Figure, across: str, up: str, *, height: int = HEIGHT) -> go.Figure:
    """The figure with titles and margins."""
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        hoverlabel={"align": "left"},
        clickmode="event+select",
        dragmode="zoom",
    )
    figure.update_xaxes(title=across, zeroline=False, automargin=True)
    figure.update_yaxes(title=up, zeroline=False, automargin=True)
    return figure


def colour_of(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Line name → (colour, marker), the same for the same set of names: 64 pairs before the first comes again."""
    return {name: (LINES[i % 8], MARKERS[(i + i // 8) % 8]) for i, name in enumerate(sorted(set(names)))}
