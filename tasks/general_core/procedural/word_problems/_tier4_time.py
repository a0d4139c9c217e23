"""Tier 4, time: five to eight steps with rates, speeds, ages and periods; `extra` is a number that does not matter."""

from __future__ import annotations

from math import lcm
from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, kind_by_wording, solved
from equipoise.tasks.general_core.procedural.word_problems._words import TIMES, clock, people, person


@kind("""
    A tank for {size} litres already has {held} litres in it. Tap A adds {a} litres per minute and tap B adds {b} litres per minute,
    but a crack lets {leak} litres per minute run out all the time. At first only tap A is open. After {t} minutes tap B is opened
    as well. How many minutes after tap A was opened is the tank full?

    {p} and {q} pick olives into a bin that holds {size} olives when full and has {held} olives in it now. {p} picks {a} per minute.
    After {t} minutes {q} joins in and picks {b} per minute. From the beginning a goat eats {leak} olives per minute out of the bin.
    How many minutes after {p} began is the bin full?

    An archive has {size} pages to scan, and {held} of them are done. An old scanner takes {a} pages per minute. {t} minutes after
    it starts, a new scanner with {b} pages per minute is switched on too. During the whole time {leak} pages per minute come out
    blurred and must be scanned again. After how many minutes of scanning are all the pages done?

    A pit of {size} litres is being filled with sand. {held} litres are already in the pit. {p} shovels in {a} litres per minute,
    and all the while {leak} litres per minute trickle away through a hole. When {p} has worked for {t} minutes, {q} comes to help
    with {b} litres per minute. How many minutes does the filling take from the moment {p} begins?
""")
def tank(rng: Random) -> Solved | None:
    """Two inflows, one of them later, and a leak: minutes until full."""
    a, b, leak, t, more = rng.randint(8, 30), rng.randint(6, 40), rng.randint(2, 7), rng.randint(4, 20), rng.randint(5, 40)
    held = rng.randint(2, 20) * 5
    p, q = people(rng, 2)
    slow, fast = a - leak, a + b - leak
    alone, rest = slow * t, fast * more
    size = held + alone + rest
    if size % 10 or size > 3000 or slow < 3:
        return None
    steps = (
        f"Alone, the first one gains {a} - {leak} = {slow} per minute, in {t} minutes {slow} x {t} = {alone}.",
        f"Then {size} - {held} - {alone} = {rest} are missing.",
        f"Together they gain {a} + {b} - {leak} = {fast} per minute and need {rest} / {fast} = {more} minutes.",
        f"In all that is {t} + {more} = {t + more}.",
    )
    return solved(t + more, steps, p=p, q=q, size=size, held=held, a=a, b=b, leak=leak, t=t)


@kind("""
    {p} alone needs {a} hours to paint a fence of {extra} metres, and {q} alone needs {b} hours for the same fence. {p} paints alone
    for {s} hours, then {q} helps until the fence is done. How many minutes after {p} began is the fence finished?

    An old pump empties a pool in {a} hours, a new one in {b} hours. Today the old pump runs alone for {s} hours, then the new pump
    is switched on too. The pool is {extra} metres long. How many minutes does it take in all until the pool is empty?

    {p} can type a manuscript of {extra} pages in {a} hours; {q} would need {b} hours. {p} starts alone, and after {s} hours {q}
    takes over a part so that both type at the same time until the end. How many minutes does the whole work last?

    A field of {extra} acres is harvested. The red machine would need {a} hours for the whole field, the blue machine {b} hours. The
    red machine works alone for {s} hours. From then on both machines work on the field until it is done. After how many minutes,
    counted from the start, is that?
""")
def work_together(rng: Random) -> Solved | None:
    """One works alone for s hours, then both: minutes in all."""
    a, b, s, extra = rng.randint(4, 20), rng.randint(4, 30), rng.randint(2, 6), rng.randint(21, 90)
    p, q = people(rng, 2)
    parts = lcm(a, b)
    by_a, by_b = parts // a, parts // b
    rest, both = parts - s * by_a, by_a + by_b
    if a == b or s >= a - 1 or rest * 60 % both:
        return None
    later = rest * 60 // both
    steps = (
        f"Cut the work into {parts} equal parts; the first does {parts} / {a} = {by_a} per hour, the second "
        f"{parts} / {b} = {by_b}.",
        f"After {s} hours {parts} - {s} x {by_a} = {rest} parts are left, and both do {by_a} + {by_b} = {both} per hour.",
        f"That takes {rest} x 60 / {both} = {later} minutes.",
        f"With the first {s} x 60 = {60 * s} minutes it is {60 * s} + {later} = {60 * s + later}.",
    )
    return solved(60 * s + later, steps, p=p, q=q, a=a, b=b, s=s, extra=extra)


@kind_by_wording("""
    Two villages are {far} km apart. {p} leaves the upper village at {t1} and cycles to the lower one at {v} km per hour. {q}, who
    is {extra} years old, leaves the lower village at {t2} and cycles to the upper one on the same road at {w} km per hour. How many
    km from the upper village do they meet?

    A goods train of {extra} wagons leaves Norby for Sund at {t1} and runs at {v} km per hour. At {t2} another train leaves Sund for
    Norby and runs at {w} km per hour. The line between the two towns is {far} km long. How many km from Norby do the trains pass
    each other?

    A car leaves the port at {t1} and drives to the capital at {v} km per hour. A bus with {extra} seats starts in the capital at
    {t2} and drives to the port on the same road, which is {far} km long, at {w} km per hour. How many km has the car gone when they
    meet?

    At {t1} a boat leaves the north shore of a lake and crosses it at {v} km per hour. At {t2} a boat with {extra} people on board
    leaves the south shore straight towards it at {w} km per hour. The shores are {far} km apart. How many km has the first boat
    covered when they meet?
""")
def meeting(rng: Random, wording: int) -> Solved | None:
    """Towards each other with different starts: the distance of the meeting point."""
    v, w, t, hours = rng.randint(4, 90), rng.randint(4, 90), rng.choice((20, 30, 40, 45, 60, 90)), rng.randint(2, 5)
    morning, extra = rng.randint(6, 11), rng.randint(12, 60)
    p, q = people(rng, 2)
    slowest, fastest = (14, 28) if wording in (0, 3) else (42, 90)  # bicycles and boats, or trains and cars
    if not slowest <= min(v, w) < max(v, w) <= fastest or v * t % 60:
        return None
    ahead = v * t // 60
    between = (v + w) * hours
    far = ahead + between
    start = 60 * morning + rng.choice((0, 10, 15))
    steps = (
        f"The first one is {t} minutes ahead, which is {v} x {t} / 60 = {ahead} km.",
        f"Then {far} - {ahead} = {between} km lie between them.",
        f"They close this gap at {v} + {w} = {v + w} km per hour, in {between} / {v + w} = {hours} hours.",
        f"The first one has then gone {ahead} + {v} x {hours} = {ahead + v * hours} km.",
    )
    times = {"t1": clock(start), "t2": clock(start + t)}
    return solved(ahead + v * hours, steps, p=p, q=q, v=v, w=w, far=far, extra=extra, **times)


@kind("""
    {p} is {x} years older than {q}. Their neighbour {r} is {times} as old as {q}. In {y} years the three will be {total} years old
    together. How old will {r} be when {p} is {goal}?

    In {y} years the ages of {p}, {q} and their coach {r} will add up to {total}. The coach is now {times} as old as {q}, and {q} is
    {x} years younger than {p}. What will be the age of the coach in the year in which {p} becomes {goal}?

    Today {r} is {times} as old as {q}, while {p} is only {x} years older than {q}. The sum of the three ages will be {total} when
    {y} more years have passed. How old will {r} be on the day {p} turns {goal}, if all three have their birthday on the same day?

    {q}, {p} and {r} were born on the same day of different years. {q} is {x} years younger than {p}, and {r} is {times} as old as
    {q} is now. {y} years from now they will be {total} years old all together. Find the age of {r} when {p} is {goal}.
""")
def three_ages(rng: Random) -> Solved | None:
    """Three ages from their sum in y years, then an age at another moment."""
    young, x, k, y, ahead = rng.randint(5, 14), rng.randint(2, 9), rng.randint(3, 6), rng.randint(2, 9), rng.randint(3, 15)
    p, q, r = people(rng, 3)
    middle, old = young + x, k * young
    if not 20 <= old - young <= 45:
        return None
    today, goal = young + middle + old, middle + ahead
    total = today + 3 * y
    steps = (
        f"Today the sum is {total} - 3 x {y} = {today}.",
        f"Without the {x} extra years it is {today} - {x} = {today - x}, which is {k} + 2 = {k + 2} times the age of {q}, "
        f"so {q} is {today - x} / {k + 2} = {young}.",
        f"{r} is {k} x {young} = {old}, and {p} is {young} + {x} = {middle}.",
        f"{p} needs {goal} - {middle} = {ahead} more years, and then {r} is {old} + {ahead} = {old + ahead}.",
    )
    return solved(old + ahead, steps, p=p, q=q, r=r, x=x, y=y, times=TIMES[k], total=total, goal=goal)


@kind_by_wording("""
    At {t1} three bus lines start together from a station with {extra} benches. From then on line A leaves every {a} minutes, line B
    every {b} minutes and line C every {c} minutes. At how many moments from {t1} to {t2}, both included, do lines A and B leave at
    the same moment but line C does not?

    {p} watches three lamps on a tower of {extra} metres. All three flash at {t1}. After that the red lamp flashes every {a}
    minutes, the green one every {b} minutes and the white one every {c} minutes. How many times, from {t1} up to and including
    {t2}, do red and green flash together without white?

    Three bells in a town of {extra} streets ring together at {t1}. The first rings again every {a} minutes, the second every {b}
    minutes and the third every {c} minutes. Count the moments up to and including {t2} at which the first and the second bell ring
    but the third does not. How many are there?

    In a laboratory, test A is taken every {a} minutes, test B every {b} minutes and test C every {c} minutes. All three are taken
    at {t1}, when the room is at {extra} degrees, and they go on up to and including {t2}. How many times are A and B, but not C,
    taken at the same moment?
""")
def departures(rng: Random, wording: int) -> Solved | None:
    """Moments at which two of three periods coincide without the third."""
    a, b, c = rng.sample((4, 6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 24, 25, 30), 3)
    hours, start, extra = rng.randint(4, 14), rng.randint(5, 9), rng.randint(11, 58)
    p = person(rng)
    two, three, length = lcm(a, b), lcm(a, b, c), 60 * hours
    pairs, all_three = length // two + 1, length // three + 1
    too_warm = wording == 3 and extra > 32
    if not 3 <= pairs - all_three <= 15 or all_three < 2 or too_warm:
        return None
    steps = (
        f"The time is {hours} x 60 = {length} minutes.",
        f"The first two meet every {two} minutes; {length} divided by {two} gives {length // two} whole periods, so with the "
        f"start they meet {length // two} + 1 = {pairs} times.",
        f"All three meet every {three} minutes; that gives {length // three} + 1 = {all_three} times.",
        f"Without the third it is {pairs} - {all_three} = {pairs - all_three}.",
    )
    times = {"t1": clock(60 * start), "t2": clock(60 * (start + hours))}
    return solved(pairs - all_three, steps, p=p, a=a, b=b, c=c, extra=extra, **times)
