"""Tier 2: two steps."""

from __future__ import annotations

from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, solved
from equipoise.tasks.general_core.procedural.word_problems._words import TIMES, coin, people, person, thing


@kind("""
    A bus leaves with {a} passengers. At the next stop {b} people get on and {c} get off. How many passengers are on the bus then?

    {p} has {a} {thing}. {p.She} wins {b} more and then gives {c} to {q}. How many {thing} does {p} have now?

    A shelf holds {a} books. In the morning {b} books are put back on it, and in the afternoon {c} books are borrowed from it. How
    many books are on the shelf in the evening?

    At dawn there were {a} boats in the harbour. By noon {c} of them had left, and by evening {b} other boats had come in. How many
    boats were there in the evening?
""")
def two_changes(rng: Random) -> Solved | None:
    """a + b - c."""
    a, b, c = rng.randint(15, 60), rng.randint(6, 40), rng.randint(6, 40)
    p, q = people(rng, 2)
    if a - c < 4:
        return None
    steps = (f"After the gain there would be {a} + {b} = {a + b}.", f"After the loss there are {a + b} - {c} = {a + b - c}.")
    return solved(a + b - c, steps, p=p, q=q, a=a, b=b, c=c, thing=thing(rng))


@kind("""
    {p} buys {a} packs of pencils with {b} pencils in each pack. At home {p.she} already has {c} pencils. How many pencils does
    {p.she} have in all?

    A hall has {a} rows of {b} chairs, and {c} more chairs stand along the wall. How many chairs are in the hall?

    {p} reads {b} pages a day for {a} days and {c} pages on the day after. How many pages does {p.she} read altogether?

    For a school fair, {a} families bring {b} cakes each and the teachers bring {c} cakes together. How many cakes are there?
""")
def groups_and_more(rng: Random) -> Solved:
    """a x b + c."""
    a, b, c = rng.randint(3, 9), rng.randint(4, 12), rng.randint(3, 25)
    steps = (f"The equal groups make {a} x {b} = {a * b}.", f"Together with the rest that is {a * b} + {c} = {a * b + c}.")
    return solved(a * b + c, steps, p=person(rng), a=a, b=b, c=c)


@kind("""
    {p} buys {a} notebooks at {b} {coin} each and pays with {money} {coin}. How many {coin} does {p.she} get back?

    A ticket for the zoo costs {b} {coin}. {p} has {money} {coin} and buys {a} tickets. How many {coin} does {p.she} have left?

    {p} takes {money} {coin} to the market and brings home {a} jars of honey, which cost {b} {coin} a jar. How much money, in
    {coin}, is left?

    Every ride at a fair costs {b} {coin}. {p} goes on {a} rides. {p.She} came with {money} {coin}. How many {coin} does {p.she}
    still have after the rides?
""")
def change_back(rng: Random) -> Solved | None:
    """money - a x b."""
    a, b, money = rng.randint(2, 9), rng.randint(3, 12), rng.choice((20, 30, 40, 50, 60, 80, 100))
    p = person(rng)
    left = money - a * b
    if not 2 <= left <= 45:
        return None
    steps = (f"The price is {a} x {b} = {a * b}.", f"That leaves {money} - {a * b} = {left}.")
    return solved(left, steps, p=p, a=a, b=b, money=money, coin=coin(rng))


@kind("""
    {p} bakes {a} rolls. {b} of them burn, and the rest are put on {c} plates, the same number on each. How many rolls are on one
    plate?

    A teacher has {a} sheets of paper. She keeps {b} sheets and hands out the others equally to {c} groups. How many sheets does
    each group get?

    From a rope of {a} metres, {p} cuts off {b} metres and divides what is left into {c} equal pieces. How many metres long is each
    piece?

    {p} has {a} {coin}. {p.She} spends {b} {coin} on lunch and wants the rest to last for {c} days, with the same amount each day.
    How many {coin} can {p.she} spend per day?
""")
def share_rest(rng: Random) -> Solved:
    """(a - b) / c, equal parts of a rest."""
    b, c, each = rng.randint(2, 12), rng.randint(3, 8), rng.randint(3, 12)
    a = b + c * each
    steps = (f"What remains is {a} - {b} = {a - b}.", f"Each part is {a - b} / {c} = {each}.")
    return solved(each, steps, p=person(rng), a=a, b=b, c=c, coin=coin(rng))


@kind("""
    {p} has {a} {thing}. {q} has {b} more than {p}. How many {thing} do they have together?

    On Saturday {a} people came to the play. On Sunday {b} more people came than on Saturday. How many people came on the two days
    together?

    {p} rode {a} km on the first day of a tour and {b} km more than that on the second day. How many km did {p.she} ride on both
    days together?

    The larger of two crates holds {b} melons more than the smaller one. There are {a} melons in the smaller crate. How many melons
    are in both crates together?
""")
def more_then_total(rng: Random) -> Solved:
    """a and a + b together."""
    a, b = rng.randint(8, 45), rng.randint(3, 25)
    p, q = people(rng, 2)
    steps = (f"The larger number is {a} + {b} = {a + b}.", f"Together that is {a} + {a + b} = {2 * a + b}.")
    return solved(2 * a + b, steps, p=p, q=q, a=a, b=b, thing=thing(rng))


@kind("""
    {p} collected {a} {thing}. {q} collected {times} as many. How many {thing} did the two collect together?

    A small crate weighs {a} kg and a large crate weighs {times} as much. How many kg do they weigh together?

    {p} worked {a} minutes on a drawing on Monday and {times} as long on Tuesday. How many minutes did {p.she} work on it in all?

    In a park there are {times} as many maples as oaks. There are {a} oaks. How many maples and oaks are there in all?
""")
def times_then_total(rng: Random) -> Solved:
    """a and k x a together."""
    a, k = rng.randint(4, 25), rng.randint(2, 6)
    p, q = people(rng, 2)
    steps = (f"The larger number is {k} x {a} = {k * a}.", f"Together that is {a} + {k * a} = {a + k * a}.")
    return solved(a + k * a, steps, p=p, q=q, a=a, times=TIMES[k], thing=thing(rng))


@kind("""
    {b} notebooks cost {a} {coin}. How many {coin} do {c} of these notebooks cost?

    {p} walks at a steady pace and needs {a} minutes for {b} laps of the park. How many minutes does {p.she} need for {c} laps?

    {b} equal boxes weigh {a} kg together. How many kg do {c} such boxes weigh?

    A printer makes {a} pages in {b} seconds. How many pages does it make in {c} seconds?
""")
def unit_price(rng: Random) -> Solved | None:
    """What c cost, where b cost a."""
    b, c, unit = rng.randint(2, 9), rng.randint(2, 12), rng.randint(2, 9)
    a = b * unit
    p = person(rng)
    if c in (b, unit):
        return None
    steps = (f"For one it is {a} / {b} = {unit}.", f"For {c} it is {c} x {unit} = {c * unit}.")
    return solved(c * unit, steps, p=p, a=a, b=b, c=c, coin=coin(rng))


@kind("""
    {p} wants a kite that costs {a} {coin}. {p.She} already has {b} {coin} and saves {c} {coin} every week. In how many weeks can
    {p.she} buy it?

    A book has {a} pages. {p} has read {b} pages and reads {c} pages every evening from now on. After how many evenings has {p.she}
    finished the book?

    A tank holds {a} litres and has {b} litres of water in it. A hose adds {c} litres per minute. How many minutes does it take
    until the tank is full?

    {p} has to write {a} invitations and has finished {b}. {p.She} writes {c} invitations per hour. How many more hours does {p.she}
    need?
""")
def saving_up(rng: Random) -> Solved:
    """(a - b) / c, the time until a goal."""
    b, c, weeks = rng.randint(5, 40), rng.randint(3, 12), rng.randint(3, 12)
    a = b + c * weeks
    steps = (f"The missing part is {a} - {b} = {a - b}.", f"That takes {a - b} / {c} = {weeks}.")
    return solved(weeks, steps, p=person(rng), a=a, b=b, c=c, coin=coin(rng))


@kind("""
    A train ride takes {h} hours and {m} minutes. How many minutes is that?

    {p} slept for {h} hours and {m} minutes. How many minutes did {p.she} sleep?

    A film festival shows films for {h} hours without a break and then a short film of {m} minutes. How many minutes does all this
    last?

    On a long drive, {p} sat at the wheel for {h} hours and rested for {m} minutes. How many minutes did the driving and the rest
    take together?
""")
def minutes_in_all(rng: Random) -> Solved:
    """Hours and minutes as minutes."""
    h, m = rng.randint(2, 9), rng.randint(3, 57)
    steps = (f"The hours have {h} x 60 = {60 * h} minutes.", f"In all that makes {60 * h} + {m} = {60 * h + m}.")
    return solved(60 * h + m, steps, p=person(rng), h=h, m=m)


@kind("""
    A cinema has {a} rows with {b} seats each. {c} people are sitting in it. How many seats are empty?

    {p} buys {a} boxes of eggs with {b} eggs in each box. {c} eggs are used for baking. How many eggs are left?

    A gardener sets {a} rows of {b} seedlings. Snails eat {c} of the seedlings. How many seedlings are left?

    {p} spent {b} hours a week for {a} weeks on a model ship. {c} of these hours went into the sails. How many hours went into the
    other parts?
""")
def rows_left(rng: Random) -> Solved | None:
    """a x b - c."""
    a, b, c = rng.randint(4, 12), rng.randint(5, 12), rng.randint(5, 60)
    p = person(rng)
    left = a * b - c
    if left < 4:
        return None
    steps = (f"In all there are {a} x {b} = {a * b}.", f"What is left is {a * b} - {c} = {left}.")
    return solved(left, steps, p=p, a=a, b=b, c=c)
