"""Tier 3, time: three or four steps with speeds, rates, ages and times of day."""

from __future__ import annotations

from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, kind_by_wording, solved
from equipoise.tasks.general_core.procedural.word_problems._words import TIMES, clock, people, person, span, women


@kind("""
    {p} cycles at {v} km per hour for {h} hours and then at {w} km per hour for {m} minutes. How many km does {p.she} cycle in all?

    A boat sails for {h} hours at {v} km per hour. Then the wind changes, and for another {m} minutes it moves at {w} km per hour.
    How many km does it cover altogether?

    A pump delivers {v} litres per hour in its first {h} hours. Then it is set to {w} litres per hour and runs for {m} more minutes.
    How many litres has it delivered in total?

    On a sleigh tour the dogs ran {v} km per hour on the ice and {w} km per hour in the forest. They were on the ice for {h} hours
    and in the forest for {m} minutes. How long was the tour, in km?
""")
def two_legs(rng: Random) -> Solved | None:
    """v x h + w x m / 60, speeds per hour for h hours and m minutes."""
    v, h, w, m = rng.randint(8, 30), rng.randint(2, 4), rng.randint(8, 36), rng.choice((10, 15, 20, 25, 30, 40, 45, 75, 80, 90))
    p = person(rng)
    if w * m % 60 or v == w:
        return None
    first, second = v * h, w * m // 60
    steps = (
        f"The first part gives {v} x {h} = {first}.",
        f"The second part gives {w} x {m} / 60 = {second}.",
        f"Together that is {first} + {second} = {first + second}.",
    )
    return solved(first + second, steps, p=p, v=v, h=h, w=w, m=m)


@kind_by_wording("""
    {p} is {times} as old as {q}. In {y} years their ages will add up to {total}. How old is {p} now?

    In {y} years, {q} and {q.her} aunt {p} will be {total} years old together. Today the aunt is {times} as old as {q}. How old is
    the aunt today?

    Today the teacher is {times} as old as {q}. {y} years from now the sum of their two ages will be {total}. What is the age of the
    teacher today?

    The sum of the ages of {p} and {q} will be {total} in {y} years. At present {p} is {times} as old as {q}. Find the present age
    of {p}.
""")
def ages_later(rng: Random, wording: int) -> Solved | None:
    """k x young, where young + k x young + 2 x y is known."""
    young, k, y = rng.randint(5, 14), rng.randint(3, 6), rng.randint(2, 9)
    p, q = people(rng, 2)
    old = k * young
    if not 20 <= old - young <= 42:
        return None
    if wording == 1:  # p is an aunt
        p = rng.choice(women())
    if p == q:
        return None
    today, total = young + old, young + old + 2 * y
    steps = (
        f"Today the ages add up to {total} - {y} - {y} = {today}.",
        f"These are {k} + 1 = {k + 1} equal parts, so one part is {today} / {k + 1} = {young}.",
        f"The older one is {k} x {young} = {old}.",
    )
    return solved(old, steps, p=p, q=q, times=TIMES[k], y=y, total=total)


@kind("""
    A train leaves at {t1}. The journey should take {trip}, but the train arrives {late} minutes late. {p} then takes a bus at {t2}.
    How many minutes does {p.she} wait for the bus?

    {p} puts a cake into the oven at {t1}. The recipe says {trip}, but it needs {late} minutes more. The guests come at {t2}. For
    how many minutes has the cake been out of the oven by then?

    A hike starts at {t1}. Walking takes {trip}, and the group also rests for {late} minutes. The cable car down leaves at {t2}. How
    many minutes does the group have to wait for it at the top?

    A match begins at {t1}. It is planned for {trip} but goes on for {late} minutes longer. The ceremony starts at {t2}. How many
    minutes lie between the end of the match and the ceremony?
""")
def waiting_time(rng: Random) -> Solved | None:
    """From an end that is late to the next start, in minutes."""
    start, trip, late, wait = rng.randint(400, 1000), rng.randint(65, 170), rng.randint(4, 25), rng.randint(6, 55)
    p = person(rng)
    hours, rest = divmod(trip, 60)
    if rest < 2:
        return None
    due = start + trip
    end = due + late
    steps = (
        f"{hours} x 60 + {rest} = {trip} minutes after {clock(start)} it is {clock(due)}.",
        f"Another {late} minutes later it is {clock(end)}.",
        f"From {clock(end)} to {clock(end + wait)} it is {wait} minutes.",
    )
    return solved(wait, steps, p=p, t1=clock(start), trip=span(trip), late=late, t2=clock(end + wait))


@kind("""
    A machine makes {a} springs every {b} minutes. It runs for {h} hours, and {d} of the springs turn out to be faulty. How many
    good springs are made?

    {p} folds {a} paper cranes in {b} minutes. At this speed {p.she} works for {h} hours and then gives away {d} cranes. How many
    cranes does {p.she} keep?

    A spring gives {a} litres of water every {b} minutes. The water of {h} hours is collected, and {d} litres of it are used for the
    garden. How many litres remain?

    A ferry takes {a} cars over the river every {b} minutes. It is planned to run for {h} hours, but because of fog {d} cars fewer
    than planned are taken over. How many cars are taken over?
""")
def machine_rate(rng: Random) -> Solved | None:
    """a in every b minutes for h hours, less d."""
    a, b, h, d = rng.randint(3, 15), rng.choice((4, 5, 6, 10, 12, 15, 20)), rng.randint(2, 8), rng.randint(5, 40)
    p = person(rng)
    periods = 60 * h // b
    made = periods * a
    if made - d < 10:
        return None
    steps = (
        f"{h} x 60 = {60 * h} minutes are {60 * h} / {b} = {periods} periods.",
        f"They give {periods} x {a} = {made}.",
        f"After the loss there are {made} - {d} = {made - d}.",
    )
    return solved(made - d, steps, p=p, a=a, b=b, h=h, d=d)
