"""Tier 3, amounts: three or four steps with money, percentages, fractions, ratios, averages, lengths and small units."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, solved
from equipoise.tasks.general_core.procedural.word_problems._words import coin, person


@kind("""
    A shop sells lamps at {price} {coin} each. {p} buys {n} of them, gets {percent}% off the price of the lamps and pays {fee}
    {coin} for delivery. How many {coin} does {p} pay in all?

    Museum tickets cost {price} {coin} each. A group of {n} people gets a reduction of {percent}% on its tickets and pays another
    {fee} {coin} for a guide. How much does the visit cost, in {coin}?

    {p} rents {n} tables for a party at {price} {coin} per table. Because {p.she} books early, {percent}% is taken off the rent.
    Cleaning costs {fee} {coin} extra and is not reduced. What is the total in {coin}?

    A club orders {n} shirts. One shirt costs {price} {coin}, but the club pays {percent}% less because it is a school club. The
    sewing of the badges adds {fee} {coin} to the bill. How many {coin} is the bill?
""")
def discount(rng: Random) -> Solved | None:
    """n x price less a percentage, plus a fee."""
    n, price, percent, fee = rng.randint(3, 9), rng.randint(6, 60), rng.choice((5, 10, 15, 20, 25, 30, 40)), rng.randint(4, 25)
    p = person(rng)
    full = n * price
    if full * percent % 100:
        return None
    off = full * percent // 100
    low = full - off
    steps = (
        f"The full price is {n} x {price} = {full}.",
        f"The reduction is {full} x {percent} / 100 = {off}, so {full} - {off} = {low} remain.",
        f"With the extra cost that is {low} + {fee} = {low + fee}.",
    )
    return solved(low + fee, steps, p=p, n=n, price=price, percent=percent, fee=fee, coin=coin(rng))


@kind("""
    A baker made {total} rolls. 1/{a} of them were sold before noon and {b}/{c} of the rest in the afternoon. How many rolls were
    left?

    {p} has a book of {total} pages. {p.She} reads 1/{a} of the book on Saturday and {b}/{c} of the remaining pages on Sunday. How
    many pages are still unread?

    From a sum of {total} {coin}, {p} spends 1/{a} on a coat. Then {p.she} spends {b}/{c} of what remains on food. How many {coin}
    does {p.she} have after that?

    There were {total} litres of water in a tank. In June 1/{a} of it was used, and in July {b}/{c} of what was left. How many
    litres were still in the tank at the end of July?
""")
def fraction_left(rng: Random) -> Solved:
    """total x (1 - 1/a) x (1 - b/c)."""
    a, c, unit = rng.randint(2, 6), rng.randint(3, 6), rng.randint(2, 9)
    b = rng.choice([b for b in range(1, c) if Fraction(b, c).denominator == c])
    total = a * c * unit
    first, rest = total // a, total - total // a
    second = rest * b // c
    steps = (
        f"The first part is {total} / {a} = {first}, so {total} - {first} = {rest} remain.",
        f"The second part is {rest} x {b} / {c} = {second}.",
        f"What is left is {rest} - {second} = {rest - second}.",
    )
    return solved(rest - second, steps, p=person(rng), total=total, a=a, b=b, c=c, coin=coin(rng))


@kind("""
    A can holds {a} litres of juice. {p} fills {n} glasses with {part} ml each and spills {lost} ml. How many ml are left in the
    can?

    A cook has {a} kg of rice. She needs {n} portions of {part} grams and gives {lost} grams to a neighbour. How many grams of rice
    are left?

    A trail is {a} km long. {p} puts up {n} signs, one after every {part} metres, then walks {lost} metres on from the last sign and
    stops. How many metres are left to the end of the trail?

    From a barrel with {a} litres of vinegar, {lost} ml evaporate. Then {n} bottles of {part} ml are filled from it. How many ml
    stay in the barrel?
""")
def small_units(rng: Random) -> Solved | None:
    """1000 x a - n x part - lost."""
    a, n, lost = rng.randint(2, 6), rng.randint(3, 14), rng.randint(4, 30) * 10
    part = rng.choice((120, 150, 180, 200, 220, 250, 300, 350))
    p = person(rng)
    left = 1000 * a - n * part - lost
    if not 50 <= left <= 1500:
        return None
    steps = (
        f"At the start there are {a} x 1000 = {1000 * a} small units.",
        f"The equal parts take {n} x {part} = {n * part}.",
        f"What is left is {1000 * a} - {n * part} - {lost} = {left}.",
    )
    return solved(left, steps, p=p, a=a, n=n, part=part, lost=lost)


@kind("""
    {p} buys {a} notebooks at {price_a} {coin} each and {b} brushes at {price_b} {coin} each. {p.She} pays with {money} {coin}. How
    many {coin} does {p.she} get back?

    A family has {money} {coin} for an evening at the theatre. It buys {a} seats for {price_a} {coin} each and {b} drinks for
    {price_b} {coin} each. How many {coin} does it have left?

    One kg of cherries costs {price_a} {coin} and one kg of nuts costs {price_b} {coin}. {p} takes {a} kg of cherries and {b} kg of
    nuts. {p.She} had {money} {coin}. How many {coin} does {p.she} still have?

    The class fund holds {money} {coin}. The class pays for {a} games that cost {price_a} {coin} each and for {b} balls that cost
    {price_b} {coin} each. How much is left in the fund, in {coin}?
""")
def two_purchases(rng: Random) -> Solved | None:
    """money - a x price_a - b x price_b."""
    a, b, price_a, price_b = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 14), rng.randint(2, 14)
    money = rng.choice((50, 80, 100, 120, 150, 200))
    p = person(rng)
    cost_a, cost_b = a * price_a, b * price_b
    left = money - cost_a - cost_b
    if not 3 <= left <= 90 or price_a == price_b:
        return None
    steps = (
        f"The first things cost {a} x {price_a} = {cost_a} and the others {b} x {price_b} = {cost_b}.",
        f"Together that is {cost_a} + {cost_b} = {cost_a + cost_b}.",
        f"What is left is {money} - {cost_a + cost_b} = {left}.",
    )
    return solved(left, steps, p=p, a=a, b=b, price_a=price_a, price_b=price_b, money=money, coin=coin(rng))


@kind("""
    {p} scored {a}, {b} and {c} points in three tests. How many points does {p.she} need in the fourth test for an average of
    exactly {mean} points?

    On average, {mean} people per evening came to a play that was shown four times. On the first three evenings there were {a}, {b}
    and {c} people. How many people came on the fourth evening?

    Four sacks weigh {mean} kg on average. Three of them weigh {a} kg, {b} kg and {c} kg. How many kg does the other sack weigh?

    {p} practised the violin for {a} minutes on Monday, {b} minutes on Tuesday and {c} minutes on Wednesday. After Thursday {p.her}
    average for the four days was {mean} minutes. How many minutes did {p.she} practise on Thursday?
""")
def average_needed(rng: Random) -> Solved | None:
    """The last of four values, from the average."""
    a, b, c, mean = (rng.randint(40, 95) for _ in range(4))
    p = person(rng)
    known, need = a + b + c, 4 * mean - a - b - c
    if not 40 <= need <= 99 or len({a, b, c, mean}) < 4:
        return None
    steps = (
        f"All four together make 4 x {mean} = {4 * mean}.",
        f"The three known ones make {a} + {b} + {c} = {known}.",
        f"So the fourth is {4 * mean} - {known} = {need}.",
    )
    return solved(need, steps, p=p, a=a, b=b, c=c, mean=mean)


@kind("""
    A rectangular garden is {length} metres long and {width} metres wide. {p} builds a fence around it but leaves a gap of {gap}
    metres for the gate. One metre of fence costs {price} {coin}. How many {coin} does the fence cost?

    A farmer wants a hedge around a rectangular field of {length} by {width} metres, with an opening of {gap} metres. For one metre
    of hedge she needs {price} bushes. How many bushes does she need?

    The edge of a rectangular hall of {length} metres by {width} metres gets a wooden strip, except at a door which is {gap} metres
    wide. The strip costs {price} {coin} per metre. What does it cost in {coin}?

    {p} hangs lights along the border of a rectangular yard, {length} metres by {width} metres. There are {price} lights on every
    metre, but none on a stretch of {gap} metres at the entrance. How many lights are there?
""")
def fence(rng: Random) -> Solved | None:
    """(2 x (length + width) - gap) x price."""
    length, width, gap, price = rng.randint(12, 40), rng.randint(6, 25), rng.randint(2, 5), rng.randint(3, 12)
    p = person(rng)
    if width >= length:
        return None
    around = 2 * (length + width)
    steps = (
        f"The border is {length} + {width} + {length} + {width} = {around} metres long.",
        f"Without the gap it is {around} - {gap} = {around - gap} metres.",
        f"That makes {around - gap} x {price} = {(around - gap) * price}.",
    )
    return solved((around - gap) * price, steps, p=p, length=length, width=width, gap=gap, price=price, coin=coin(rng))


@kind("""
    A necklace has {total} beads. For every {a} red beads there are {b} blue beads, and there are no others. How many more blue
    beads than red beads are there?

    {p} mixes {total} litres of paint from white and green paint in the ratio {a} to {b}. How many more litres of green paint than
    of white paint does {p.she} use?

    In a choir of {total} singers there are {b} women for every {a} men. By how many is the number of women larger than the number
    of men?

    Two villages share {total} trees so that the upper village gets {a} trees each time the lower village gets {b}. How many more
    trees does the lower village get?
""")
def ratio_gap(rng: Random) -> Solved | None:
    """How many more of one sort, from the ratio and the total."""
    a, b, sets = rng.randint(2, 7), rng.randint(3, 9), rng.randint(4, 15)
    p = person(rng)
    if b <= a or Fraction(a, b).denominator != b:
        return None
    total = (a + b) * sets
    steps = (
        f"One set has {a} + {b} = {a + b}, and there are {total} / {a + b} = {sets} sets.",
        f"In each set the difference is {b} - {a} = {b - a}.",
        f"In all it is {sets} x {b - a} = {sets * (b - a)}.",
    )
    return solved(sets * (b - a), steps, p=p, total=total, a=a, b=b)
