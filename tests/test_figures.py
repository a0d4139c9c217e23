"""Figures are functions of frames: what is drawn, and that names stay text."""

import numpy as np
import pandas as pd
import pytest
from test_frames import made_board

from equipoise.leaderboard.figures import balance_figure, heat_figure, mix_name, size_figure, size_name, training_figure
from equipoise.leaderboard.frames import collapse_onset, size_fit, training_points


def traces(figure, name):
    return [t for t in figure.data if t.name == name]


def test_every_checkpoint_with_both_scores_is_a_point_with_its_name():
    rows = made_board()
    figure = balance_figure(rows)
    points = {t.customdata[i][0]: (t.x[i], t.y[i]) for t in figure.data if t.customdata is not None for i in range(len(t.x))}
    known = rows.dropna(subset=["D", "G"]).set_index("checkpoint")
    assert points == {name: (row["D"], row["G"]) for name, row in known.iterrows()}
    (front,) = traces(figure, "Pareto front")
    assert list(front.x) == sorted(rows.loc[rows["on_front"], "D"])
    arrows = figure.layout.annotations
    assert {(a.ax, a.ay) for a in arrows} == {tuple(known.loc["base", ["D", "G"]])}
    assert len(arrows) == 3


def test_a_missing_interval_is_no_bar():
    rows = made_board()
    rows.loc[rows["checkpoint"] == "good", ["G_low", "G_high"]] = np.nan
    (trace,) = traces(balance_figure(rows), "no collapse")
    assert (trace.error_y.array[0], trace.error_y.arrayminus[0]) == (0, 0)
    assert "unknown to unknown" in trace.hovertext[0]


def test_names_are_text():
    rows = made_board().replace({"checkpoint": {"good": "<b onload=x>$\\alpha$ & " + "n" * 300}})
    (trace,) = traces(balance_figure(rows), "no collapse")
    assert trace.text[0].startswith("&lt;b onload=x&gt;&#36;")
    assert len(trace.text[0]) < 120
    assert "<b onload" not in trace.hovertext[0]


def test_three_hundred_checkpoints_stay_readable():
    one = made_board()
    rows = pd.concat(
        [one.assign(checkpoint=one["checkpoint"] + str(i), on_front=False, is_base=False) for i in range(60)], ignore_index=True
    )
    figure = balance_figure(rows)
    assert all(t.mode != "markers+text" for t in figure.data)
    assert len(figure.layout.annotations) == 0
    assert not any(np.any(t.error_y.array) for t in figure.data if t.error_y.array is not None)


def test_nothing_to_draw_is_an_empty_figure():
    assert len(balance_figure(made_board().iloc[:0]).data) == 0


def test_training_lines_bands_and_marks():
    rows = made_board().assign(step=pd.array([3, 0, 4, 5, 6], dtype="Int64"), series=["x", None, "x", None, "y"])
    rows["stage"] = ["one", None, "two", None, None]
    points = training_points(rows, "step")
    figure = training_figure(points, "step", "G", log=True, onsets=collapse_onset(points, "step"))
    (x,) = traces(figure, "x")
    assert (list(x.x), [c[0] for c in x.customdata]) == ([1, 3, 4], ["base", "good", "open"])
    assert "Optimizer steps 0<br>" in x.hovertext[0]
    assert (figure.layout.xaxis.type, figure.layout.xaxis.ticktext[0]) == ("log", "0")
    (plain,) = traces(training_figure(points, "step", "G"), "x")
    assert list(plain.x) == [0, 3, 4]
    assert [s.x0 for s in figure.layout.shapes] == [3]
    assert [(a.text, a.x) for a in figure.layout.annotations] == [
        ("two", pytest.approx(np.log10(3)))
    ]  # plotly takes the logarithm here, not there
    (mark,) = traces(figure, "Collapse from here on")
    assert list(mark.x) == [6]


def test_twenty_lines_look_twenty_ways_and_keep_their_looks():
    names = [f"s{i:02}" for i in range(20)]
    points = pd.DataFrame({"line": names, "checkpoint": names, "step": range(20), "G": 0.5})

    def looks(rows):
        found = training_figure(rows, "step", "G", lines=names).data
        return {t.name: (t.line.color, t.marker.symbol) for t in found}

    assert len(set(looks(points).values())) == 20
    assert looks(points[points["line"] == "s17"])["s17"] == looks(points)["s17"]


def test_an_unknown_size_is_no_small_one():
    rows = made_board().astype({"parameters": "Float64"})
    rows["parameters"] = [7e7, 1.4e9, None, 7e7, 1.4e9]
    (unknown,) = [t for t in balance_figure(rows).data if t.name and t.name.endswith("size unknown")]
    assert (unknown.marker.color, unknown.customdata[0][0]) == ("#9A9A9A", rows["checkpoint"].iloc[2])


def test_the_fitted_line_has_its_band():
    rows = pd.DataFrame(
        {"checkpoint": list("abcd"), "parameters": [1e6, 1e7, 1e8, 1e9], "G": [0.1, 0.21, 0.29, 0.4], "G_low": 0.0, "G_high": 0.5}
    )
    fit = size_fit(rows["parameters"], rows["G"])
    names = [t.name for t in size_figure(rows, "parameters", "G", fit).data]
    assert names == ["95 % band of the line", "Fitted line", "Checkpoints"]
    assert [t.name for t in size_figure(rows, "parameters", "G", None).data] == ["Checkpoints"]


def test_a_heat_map_has_its_numbers():
    table = pd.DataFrame({"score": [0.1, np.nan]}, index=["<x>", "all"])
    figure = heat_figure(table)
    assert figure.data[0].z[0][0] == 0.1
    assert figure.data[0].y[0] == "&lt;x&gt;"


@pytest.mark.parametrize(
    ("parameters", "name"), [(1.4e9, "1.4B"), (134515008, "135M"), (7e10, "70B"), (900, "900"), (float("nan"), "unknown")]
)
def test_sizes_have_short_names(parameters, name):
    assert size_name(parameters) == name


def test_a_mix_in_words():
    assert mix_name('{"domain": 0.125, "general": 0.875}') == "domain 12.5 %, general 87.5 %"
    assert [mix_name(None), mix_name("[1]"), mix_name('{"a": "x"}')] == [None, None, None]


def test_sizes_are_ticks_and_all_drawn_intervals_are_in_the_picture():
    rows = made_board().assign(parameters=pd.array([70_000_000, 160_000_000, 1_400_000_000, None, None], dtype="Int64"))
    figure = balance_figure(rows)
    assert list(figure.layout.coloraxis.colorbar.ticktext) == ["70M", "160M", "1.4B"]
    assert figure.layout.xaxis.range[0] < rows["D_low"].min()
    assert figure.layout.xaxis.range[1] > rows["D_high"].max()
