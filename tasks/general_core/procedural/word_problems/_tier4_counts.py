"""Tier 4, counts: five to eight steps, backwards, by cases, day by day, by parts; `extra` is a number that does not matter."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, kind_by_wording, solved
from equipoise.tasks.general_core.procedural.word_problems._words import coin, person, thing


@kind("""
    {p} starts the day with some {thing}. First {p.she} loses {a} of them. Then {p.she} gives half of the rest to {p.her}
    {extra}-year-old cousin. After that {p.she} finds {b} in a drawer, swaps a third of all {p.she} has for a book, and finally
    gives away {c}. In the evening {p.she} has {rest} {thing}. How many did {p.she} have at the start?

    A bus with {extra} windows leaves the depot with some passengers. At the first stop {a} people get off. At the second stop half
    of the passengers get off. At the third stop {b} people get on and nobody gets off. At the fourth stop a third of the passengers
    get off, and at the fifth stop {c} get off. Now {rest} people are on the bus. With how many passengers did it leave the depot?

    {p} goes to town with all the {coin} in {p.her} purse. {p.She} pays {a} {coin} for a book of {extra} stories, spends half of
    what is left on shoes, gets {b} {coin} back from a friend, spends a third of all {p.she} now has on a coat, and pays {c} {coin}
    for dinner. At home {p.she} counts {rest} {coin}. How many {coin} were in the purse at first?

    A baker opens a sack of flour on day {extra} of the month. She takes out {a} kg for bread and then half of the remaining flour
    for rolls. She adds {b} kg from an old sack, uses a third of all the flour in the sack for cakes and sells {c} kg. At the end
    {rest} kg are in the sack. How many kg were in it when she opened it?
""")
def backwards(rng: Random) -> Solved | None:
    """The start of a chain: -a, half away, +b, a third away, -c, rest known."""
    start, a, b, c, extra = rng.randint(40, 260), rng.randint(4, 40), rng.randint(5, 40), rng.randint(3, 30), rng.randint(3, 19)
    p = person(rng)
    whole = start - a
    half = whole // 2
    mixed = half + b
    kept = mixed * 2 // 3
    rest = kept - c
    if whole < 20 or whole % 2 or mixed % 3 or rest < 5:
        return None
    steps = (
        f"Work backwards: before the last loss there were {rest} + {c} = {kept}.",
        f"That is two thirds, so before it there were {kept} / 2 x 3 = {mixed}.",
        f"Before the gain there were {mixed} - {b} = {half}, and before the halving {half} x 2 = {whole}.",
        f"At the start there were {whole} + {a} = {start}.",
    )
    return solved(start, steps, p=p, a=a, b=b, c=c, extra=extra, rest=rest, coin=coin(rng), thing=thing(rng))


@kind_by_wording("""
    On a farm of {extra} hectares there are hens and goats, {heads} animals with {legs} legs in all. Each hen lays {each} eggs per
    week. How many eggs do the hens lay in {rounds} weeks?

    A hire shop in a street with {extra} houses has {heads} vehicles, all of them bicycles with 2 wheels or tricycles with 3 wheels,
    and {legs} wheels altogether. Each bicycle is hired out {each} times a day. How many times are bicycles hired out in {rounds}
    days?

    {p} keeps {heads} beetles and spiders in glass boxes at {extra}% humidity. They have {legs} legs together; a beetle has 6 legs
    and a spider has 8. Every beetle gets {each} grains of sugar a day. How many grains do the beetles need for {rounds} days?

    A workshop of {extra} square metres has made {heads} seats: stools with 3 legs and chairs with 4 legs. All the seats together
    have {legs} legs. For each stool {p} needs {each} minutes to polish it, and each stool is polished {rounds} times. How many
    minutes does polishing the stools take?
""")
def heads_and_legs(rng: Random, wording: int) -> Solved:
    """How many of each sort, then what one sort yields: `each` per head and round, in `rounds` rounds."""
    few, many = ((2, 4), (2, 3), (6, 8), (3, 4))[wording]
    x, y, each, rounds, extra = rng.randint(5, 30), rng.randint(4, 30), rng.randint(2, 7), rng.randint(2, 9), rng.randint(41, 95)
    heads, legs = x + y, few * x + many * y
    least = few * heads
    steps = (
        f"If all had {few}, there would be {few} x {heads} = {least}, and {legs} - {least} = {legs - least} are too many for that.",
        f"So {legs - least} / {many - few} = {y} have {many}, and {heads} - {y} = {x} have {few}.",
        f"That gives {x} x {each} x {rounds} = {x * each * rounds}.",
    )
    return solved(x * each * rounds, steps, p=person(rng), heads=heads, legs=legs, each=each, rounds=rounds, extra=extra)


@kind("""
    On Monday morning a farm with {extra} fields has {s} eggs in store. Every day of the week, Sunday too, {a} more eggs are laid.
    From Monday to Friday {b} eggs are sold each day, on Saturday {c} eggs are sold, and on Sunday none. On Sunday evening all the
    eggs in store are put into boxes of {k}. How many boxes are full?

    A mill has {s} kg of flour when the week begins and grinds another {a} kg on each of the seven days. It delivers {b} kg a day
    from Monday to Friday and {c} kg on Saturday; the driver is {extra} years old. After Sunday all the flour is filled into sacks
    of {k} kg. How many sacks can be filled completely?

    {p} looks after a depot of bottles that opened {extra} months ago. The week starts with {s} bottles. {a} bottles come in every
    day, Monday to Sunday. On each of the five days from Monday to Friday {b} bottles go out, on Saturday {c} go out, and nothing
    goes out on Sunday. At the end of the week {p} packs all the bottles into crates of {k}. How many crates does {p.she} fill
    completely?

    A toy workshop with {extra} shelves has {s} wooden cars on Monday morning. It builds {a} cars a day on all seven days. Per
    weekday from Monday to Friday it sends out {b} cars, on Saturday it sends out {c}, and on Sunday it sends out none. What is
    there on Sunday night is packed in cartons of {k} cars. How many full cartons are there?
""")
def week_of_stock(rng: Random) -> Solved | None:
    """s in store, a come in on seven days, b go out on five days and c on the sixth, then full boxes of k."""
    s, a, b, c = rng.randint(20, 150), rng.randint(20, 90), rng.randint(15, 80), rng.randint(10, 90)
    k, extra = rng.choice((6, 8, 10, 12)), rng.randint(21, 70)
    p = person(rng)
    come, go = 7 * a, 5 * b + c
    left = s + come - go
    lowest = min(s + a - b, s + 5 * (a - b), s + 6 * a - go)  # on the evening of Monday, of Friday or of Saturday
    if left % k == 0 or not 3 * k < left < 400 or a == b or lowest < 0:
        return None
    steps = (
        f"In the week 7 x {a} = {come} come in, which makes {s} + {come} = {s + come}.",
        f"Out go 5 x {b} + {c} = {go}.",
        f"At the end there are {s + come} - {go} = {left}.",
        f"{left} = {left // k} x {k} + {left % k}, so {left // k} are full.",
    )
    return solved(left // k, steps, p=p, s=s, a=a, b=b, c=c, k=k, extra=extra)


@kind_by_wording("""
    A school with {extra} classrooms has {total} pupils. {first} of them are in the lower school and the others in the upper school.
    {one} of the lower school and {two} of the upper school come by bike. {percent}% of all who come by bike wear a yellow vest. How
    many pupils on bikes do not wear a yellow vest?

    A library owns {total} books, and {first} of them are novels; the others are non-fiction. {p}, who has worked there for {extra}
    years, finds that {one} of the novels and {two} of the non-fiction books are on loan. {percent}% of the books on loan are
    overdue. How many books on loan are not overdue?

    In an orchard of {total} trees, {first} of the trees are apple trees and all the others are pear trees. The orchard is {extra}
    years old. This year {one} of the apple trees and {two} of the pear trees bear fruit. A storm damages {percent}% of the trees
    that bear fruit. How many of the trees that bear fruit are not damaged?

    {total} people visit a castle on a day when the temperature is {extra} degrees. {first} of them come by train and the rest by
    bus. {one} of the train visitors and {two} of the bus visitors buy a guidebook. Of these books, {percent}% are in French and all
    the others in English. How many English guidebooks are bought?
""")
def nested_fractions(rng: Random, wording: int) -> Solved | None:
    """Parts of two parts, then a percentage of both."""
    shares = [Fraction(n, d) for d in (2, 3, 4, 5, 6) for n in range(1, d) if Fraction(n, d).denominator == d]
    first, one, two = rng.sample(shares, 3)
    total, percent, extra = 10 * rng.randint(12, 90), rng.choice((10, 20, 25, 30, 40, 60, 75)), rng.randint(8, 45)
    p = person(rng)
    left = total * first
    right = total - left
    part, other = left * one, right * two
    chosen = part + other
    gone = chosen * percent / 100
    too_warm = wording == 3 and extra > 32
    if any(number.denominator != 1 for number in (left, part, other, gone)) or too_warm:
        return None
    steps = (
        f"The first group has {total} x {first} = {left}, the second {total} - {left} = {right}.",
        f"Of the first {left} x {one} = {part} count, of the second {right} x {two} = {other}.",
        f"Together that is {part} + {other} = {chosen}, and {percent}% of it is {chosen} x {percent} / 100 = {gone}.",
        f"The others are {chosen} - {gone} = {chosen - gone}.",
    )
    return solved(int(chosen - gone), steps, p=p, total=total, first=first, one=one, two=two, percent=percent, extra=extra)
