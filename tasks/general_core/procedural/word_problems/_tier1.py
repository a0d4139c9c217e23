"""Tier 1: one step, all numbers below 20."""

from __future__ import annotations

from random import Random
from typing import Final

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, solved
from equipoise.tasks.general_core.procedural.word_problems._words import coin, people, person, thing

LIMIT: Final = 20
"""Every number of the tier is smaller."""


@kind("""
    {p} has {a} {thing} and finds {b} more. How many {thing} does {p} have now?

    {a} sparrows sit on a fence. Then {b} more sparrows land next to them. How many sparrows are on the fence now?

    A bowl holds {a} green grapes and {b} red grapes. How many grapes are in the bowl?

    {p} read {a} pages in the morning and {b} pages in the evening. How many pages did {p.she} read that day?

    On Monday {p} picked {a} apples. On Tuesday {p.she} picked {b} apples. How many apples did {p.she} pick in all?
""")
def join(rng: Random) -> Solved | None:
    """a + b."""
    a, b = rng.randint(3, 14), rng.randint(2, 9)
    p = person(rng)
    if a + b >= LIMIT:
        return None
    return solved(a + b, (f"Add the two numbers: {a} + {b} = {a + b}.",), p=p, a=a, b=b, thing=thing(rng))


@kind("""
    {p} has {a} {thing} and gives {b} of them to {q}. How many {thing} does {p} have left?

    There are {a} plums in a basket. The children eat {b} of them. How many plums are left in the basket?

    {a} frogs sit by a pond. Then {b} of them jump into the water. How many frogs still sit by the pond?

    {p} blew up {a} balloons for a party, but {b} of them burst. How many balloons were left?

    A string is {a} metres long. {p} cuts off {b} metres. How many metres of string remain?
""")
def take_away(rng: Random) -> Solved | None:
    """a - b."""
    a, b = rng.randint(7, 19), rng.randint(2, 12)
    p, q = people(rng, 2)
    if a - b < 2:
        return None
    return solved(a - b, (f"Take away: {a} - {b} = {a - b}.",), p=p, q=q, a=a, b=b, thing=thing(rng))


@kind("""
    {p} has {a} {thing}. {q} has {b} {thing}. How many more {thing} does {p} have than {q}?

    A red ribbon is {b} cm long and a blue ribbon is {a} cm long. By how many cm is the blue ribbon longer?

    There are {a} cups but only {b} saucers on the table. How many saucers are missing so that every cup has one?

    {q} is {b} years old and {p} is {a} years old. How many years older is {p}?

    The blue team scored {a} points and the green team scored {b} points. By how many points did the blue team win?
""")
def how_many_more(rng: Random) -> Solved | None:
    """The difference of two amounts."""
    a, b = rng.randint(6, 19), rng.randint(2, 15)
    p, q = people(rng, 2)
    if a - b < 2:
        return None
    return solved(a - b, (f"Find the difference: {a} - {b} = {a - b}.",), p=p, q=q, a=a, b=b, thing=thing(rng))


@kind("""
    {p} has {a} {thing}. {q} has {b} more {thing} than {p}. How many {thing} does {q} have?

    {q} is {b} years older than {p}. {p} is {a} years old. How old is {q}?

    The small tree is {a} metres high. The big tree is {b} metres higher. How many metres high is the big tree?

    {p} swam {a} lengths of the pool, and {q} swam {b} lengths more than {p}. How many lengths did {q} swim?
""")
def some_more_than(rng: Random) -> Solved | None:
    """The amount that is larger by b than a."""
    a, b = rng.randint(3, 14), rng.randint(2, 9)
    p, q = people(rng, 2)
    if a + b >= LIMIT:
        return None
    return solved(a + b, (f"Add the extra part: {a} + {b} = {a + b}.",), p=p, q=q, a=a, b=b, thing=thing(rng))


@kind("""
    There are {a} bags with {b} oranges in each bag. How many oranges are there in all?

    {p} draws {a} flowers. Each flower gets {b} petals. How many petals does {p.she} draw?

    A small room has {a} rows of chairs with {b} chairs in every row. How many chairs are in the room?

    {p} walks {b} km every day. How many km does {p.she} walk in {a} days?

    One ticket costs {b} {coin}. How many {coin} do {a} tickets cost?
""")
def groups(rng: Random) -> Solved | None:
    """a groups of b."""
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    p = person(rng)
    if a * b >= LIMIT:
        return None
    return solved(a * b, (f"Multiply: {a} x {b} = {a * b}.",), p=p, a=a, b=b, coin=coin(rng))


@kind("""
    {p} shares {a} nuts equally among {b} children. How many nuts does each child get?

    {a} pencils are put into {b} boxes, the same number in each box. How many pencils are in one box?

    A rope of {a} metres is cut into {b} pieces of equal length. How many metres long is each piece?

    {b} friends split a bill of {a} {coin} equally. How many {coin} does each friend pay?

    {p} plants {a} bulbs in {b} rows with equally many bulbs in each row. How many bulbs are in a row?
""")
def share(rng: Random) -> Solved | None:
    """a shared by b."""
    b, each = rng.randint(2, 6), rng.randint(2, 9)
    a = b * each
    p = person(rng)
    if a >= LIMIT:
        return None
    return solved(each, (f"Share equally: {a} / {b} = {each}.",), p=p, a=a, b=b, coin=coin(rng))


@kind("""
    {p} packs {a} muffins into bags, {b} muffins in each bag. How many bags does {p.she} fill?

    {a} children stand up in teams of {b}. How many teams are there?

    A card game costs {b} {coin}. How many of these games can {p} buy with {a} {coin}?

    A lift carries {b} people at a time. How many trips up does it need to bring {a} people to the roof?

    {p} reads {b} pages every day. How many days does {p.she} need for a booklet of {a} pages?
""")
def packs(rng: Random) -> Solved | None:
    """How many groups of b make a."""
    b, count = rng.randint(2, 8), rng.randint(2, 9)
    a = b * count
    p = person(rng)
    if a >= LIMIT:
        return None
    return solved(count, (f"Divide by the size of one group: {a} / {b} = {count}.",), p=p, a=a, b=b, coin=coin(rng))


@kind("""
    A box holds {a} pens. {b} of them are blue and all the others are black. How many pens are black?

    {p} needs {a} {thing} to fill an album and has {b} of them. How many {thing} are still missing?

    Of the {a} pupils in a class, {b} are wearing a hat. How many pupils are not wearing a hat?

    A trip is {a} km long. {p} has gone {b} km so far. How many km are left?

    {p} and a friend caught {a} fish together. {p} caught {b} of them. How many fish did the friend catch?
""")
def missing_part(rng: Random) -> Solved | None:
    """The rest of a without its part b."""
    a, b = rng.randint(7, 19), rng.randint(2, 15)
    p = person(rng)
    if a - b < 2:
        return None
    return solved(a - b, (f"Take the known part from the whole: {a} - {b} = {a - b}.",), p=p, a=a, b=b, thing=thing(rng))


@kind("""
    {p} gave {b} {thing} to {q} and has {a} left. How many {thing} did {p} have before?

    After {b} people got off a bus, {a} people were still on it. How many people were on the bus before?

    {p} ate {b} cherries from a bowl. Now {a} cherries are in it. How many cherries were in the bowl at first?

    {p} spent {b} {coin} and still has {a} {coin}. How many {coin} did {p.she} have at first?
""")
def start_unknown(rng: Random) -> Solved | None:
    """b went away, a are left."""
    a, b = rng.randint(3, 14), rng.randint(2, 9)
    p, q = people(rng, 2)
    if a + b >= LIMIT:
        return None
    steps = (f"Put back what went away: {a} + {b} = {a + b}.",)
    return solved(a + b, steps, p=p, q=q, a=a, b=b, thing=thing(rng), coin=coin(rng))


@kind("""
    A concert starts at {a} o'clock and lasts {b} hours. What hour does the clock show when it ends?

    {p} goes for a walk at {a} o'clock and comes home {b} hours later. At what hour does {p.she} come home?

    The train left at {a} o'clock. The journey took {b} hours. What hour was it when the train arrived?

    It is {a} o'clock now. In {b} hours {p} meets {q}. At what hour do they meet?
""")
def clock_hours(rng: Random) -> Solved | None:
    """b hours after a o'clock."""
    a, b = rng.randint(1, 9), rng.randint(2, 5)
    p, q = people(rng, 2)
    if a + b > 12:
        return None
    return solved(a + b, (f"Count on from {a} o'clock: {a} + {b} = {a + b}.",), p=p, q=q, a=a, b=b)
