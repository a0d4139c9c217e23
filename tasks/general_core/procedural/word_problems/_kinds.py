"""The kinds of each tier, and the problems of a draw: kinds and wordings in turn, numbers until they fit."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from equipoise.tasks.general_core.procedural.word_problems import (
    _tier1,
    _tier2,
    _tier3_amounts,
    _tier3_time,
    _tier4_counts,
    _tier4_money,
    _tier4_time,
)
from equipoise.tasks.general_core.procedural.word_problems._kind import Kind, Problem

KINDS: Final[dict[int, tuple[Kind, ...]]] = {
    1: (
        _tier1.join,
        _tier1.take_away,
        _tier1.how_many_more,
        _tier1.some_more_than,
        _tier1.groups,
        _tier1.share,
        _tier1.packs,
        _tier1.missing_part,
        _tier1.start_unknown,
        _tier1.clock_hours,
    ),
    2: (
        _tier2.two_changes,
        _tier2.groups_and_more,
        _tier2.change_back,
        _tier2.share_rest,
        _tier2.more_then_total,
        _tier2.times_then_total,
        _tier2.unit_price,
        _tier2.saving_up,
        _tier2.minutes_in_all,
        _tier2.rows_left,
    ),
    3: (
        _tier3_amounts.discount,
        _tier3_amounts.fraction_left,
        _tier3_time.two_legs,
        _tier3_time.ages_later,
        _tier3_time.waiting_time,
        _tier3_amounts.small_units,
        _tier3_amounts.two_purchases,
        _tier3_amounts.average_needed,
        _tier3_amounts.fence,
        _tier3_amounts.ratio_gap,
        _tier3_time.machine_rate,
    ),
    4: (
        _tier4_counts.backwards,
        _tier4_time.tank,
        _tier4_time.work_together,
        _tier4_time.meeting,
        _tier4_money.shared_bill,
        _tier4_time.three_ages,
        _tier4_money.wages,
        _tier4_money.full_packs,
        _tier4_counts.heads_and_legs,
        _tier4_counts.week_of_stock,
        _tier4_counts.nested_fractions,
        _tier4_time.departures,
        _tier4_money.growing_savings,
    ),
}
"""By tier. Their order counts: a draw shuffles it."""


def problems(count: int, seed: int) -> list[tuple[int, Problem]]:
    """(tier, problem) for each item, all different; no answer can be copied from its question."""
    found: list[tuple[int, Problem]] = []
    questions: set[str] = set()
    for index in range(count):
        tier, turn = index % 4 + 1, index // 4
        kinds = list(KINDS[tier])
        Random(f"word_problems|{seed}|{tier}").shuffle(kinds)
        lap, place = divmod(turn, len(kinds))
        rng = Random(f"word_problems|{seed}|{index}")
        problem = None
        while problem is None or problem.question in questions or _shows_answer(problem):
            problem = kinds[place].pose(rng, lap + seed + place)
        questions.add(problem.question)
        found.append((tier, problem))
    return found


def _shows_answer(problem: Problem) -> bool:
    return problem.solved.answer in map(int, re.findall(r"\d+", problem.question))
