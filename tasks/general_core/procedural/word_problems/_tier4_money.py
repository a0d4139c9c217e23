"""Tier 4, money: five to eight steps with prices, wages, packs and savings; `extra` is a number that does not matter."""

from __future__ import annotations

from random import Random

from equipoise.tasks.general_core.procedural.word_problems._kind import Solved, kind, kind_by_wording, solved
from equipoise.tasks.general_core.procedural.word_problems._words import coin, people, person


@kind("""
    {n} friends plan a dinner for {p}'s birthday, and {p} turns {extra}. They order {a} plates at {price_a} {coin} each and {b}
    bowls at {price_b} {coin} each. The cook takes {percent}% off the price of the food. The room costs {fee} {coin} more, and
    {gift} {coin} come from a gift card. The {n} friends share the rest equally. How many {coin} does each of them pay?

    A hiking club with {extra} members sends {n} of them on a tour. For the whole group they book {a} nights in a hut at {price_a}
    {coin} a night and {b} rides at {price_b} {coin} a ride. Both prices are lowered by {percent}% for clubs. A map set costs {fee}
    {coin}, and the club fund gives {gift} {coin}. The {n} hikers pay equal parts of what remains. How much is one part, in {coin}?

    {n} neighbours repair the path between their {extra} flower beds. They buy {a} sacks of gravel at {price_a} {coin} each and {b}
    stones at {price_b} {coin} each, both with {percent}% off. Transport costs {fee} {coin}. The town pays {gift} {coin} of all
    this, and the neighbours divide the rest equally. How many {coin} does each neighbour pay?

    A band of {n} players rents a studio for {a} mornings at {price_a} {coin} each and {b} evenings at {price_b} {coin} each to
    record {extra} songs. Because they book early, the rent is {percent}% lower. Then {fee} {coin} are added for cables, and {gift}
    {coin} that they earned in the street go towards the bill. The players split what is left to pay equally. How many {coin} does
    each player pay?
""")
def shared_bill(rng: Random) -> Solved | None:
    """((a x price_a + b x price_b) less a percentage + fee - gift) / n."""
    a, b, price_a, price_b = rng.randint(3, 12), rng.randint(3, 12), rng.randint(4, 30), rng.randint(4, 30)
    percent, fee, gift = rng.choice((5, 10, 15, 20, 25, 30)), rng.randint(5, 30), rng.randint(5, 40)
    n, extra = rng.randint(3, 8), rng.randint(13, 60)
    p = person(rng)
    full = a * price_a + b * price_b
    if full * percent % 100 or price_a == price_b:
        return None
    off = full * percent // 100
    low = full - off
    bill = low + fee - gift
    if bill % n or bill < 5 * n:
        return None
    steps = (
        f"The full price is {a} x {price_a} + {b} x {price_b} = {full}.",
        f"The reduction is {full} x {percent} / 100 = {off}, which leaves {full} - {off} = {low}.",
        f"With the extra cost and the help it is {low} + {fee} - {gift} = {bill}.",
        f"Each one pays {bill} / {n} = {bill // n}.",
    )
    prices = {"price_a": price_a, "price_b": price_b, "percent": percent, "fee": fee, "gift": gift}
    return solved(bill // n, steps, p=p, a=a, b=b, n=n, extra=extra, coin=coin(rng), **prices)


@kind("""
    {p} has worked in a bakery for {extra} years and earns {rate} {coin} per hour. On every day, each hour after the first 8 is paid
    one and a half times as much. This week {p.she} worked {days}. For lunch, {fee} {coin} are taken off {p.her} pay each day. How
    many {coin} does {p.she} get for the week?

    A gardener is paid {rate} {coin} an hour for up to 8 hours a day and one and a half times that for each further hour of the same
    day. He drives {extra} km to work. His hours were: {days}. He pays {fee} {coin} per day for tools out of his wage. What is left
    of his wage for these five days, in {coin}?

    In a repair shop with {extra} workers the normal wage is {rate} {coin} per hour. Only what goes beyond 8 hours in a day counts
    as overtime, and an hour of overtime brings half as much again. {p} works {days} and pays {fee} {coin} a day for the bus. How
    much of {p.her} wage for this week is left after the bus, in {coin}?

    {p} helps on a farm that has {extra} cows. {p.She} gets {rate} {coin} per hour; from the ninth hour of a day on, {p.she} gets
    50% more per hour. {p.She} was there for {days}. The farmer keeps {fee} {coin} for each of the five days for meals. How many
    {coin} does {p.she} take home?
""")
def wages(rng: Random) -> Solved | None:
    """Five days' pay, hours over eight counting one and a half times, less a daily fee."""
    rate, fee, extra = 2 * rng.randint(5, 14), rng.randint(2, 8), rng.randint(3, 25)
    hours = [rng.choice((5, 6, 7, 8, 9, 10, 11)) for _ in range(5)]
    p = person(rng)
    over = sum(max(h - 8, 0) for h in hours)
    if not 2 <= over <= 6 or rate == fee:
        return None
    normal, bonus = sum(hours) - over, rate * 3 // 2
    total = normal * rate + over * bonus - 5 * fee
    steps = (
        f"The week has {' + '.join(map(str, hours))} = {sum(hours)} hours; {over} of them are overtime and "
        f"{sum(hours)} - {over} = {normal} are normal.",
        f"Normal pay is {normal} x {rate} = {normal * rate}; overtime pays {rate} + {rate} / 2 = {bonus} per hour, "
        f"so {over} x {bonus} = {over * bonus}.",
        f"The costs are 5 x {fee} = {5 * fee}.",
        f"That leaves {normal * rate} + {over * bonus} - {5 * fee} = {total}.",
    )
    days = "{} hours on Monday, {} on Tuesday, {} on Wednesday, {} on Thursday and {} on Friday".format(*hours)
    return solved(total, steps, p=p, days=days, rate=rate, fee=fee, extra=extra, coin=coin(rng))


@kind_by_wording("""
    A recipe for {base} people needs {pieces} eggs and {amount} grams of flour. {p} cooks for {many} people. {p.She} has {have} eggs
    and no flour. Eggs are sold only in boxes of {box} for {price} {coin} a box, and flour only in bags of 1000 grams for {cost}
    {coin} a bag. How many {coin} does {p.she} have to spend?

    For {base} birdhouses one needs {pieces} long screws and {amount} ml of paint. A school builds {many} birdhouses. It has {have}
    long screws but no paint. The screws come in packs of {box} for {price} {coin} a pack, the paint in cans of 1000 ml for {cost}
    {coin} a can, and only whole packs and cans can be bought. What does the school have to pay, in {coin}?

    {p} makes candles. For {base} candles {p.she} uses {pieces} wicks and {amount} grams of wax. {p.She} wants to make {many}
    candles and still has {have} wicks, but {p.her} wax is used up. A bundle of {box} wicks costs {price} {coin} and a block of 1000
    grams of wax costs {cost} {coin}; neither is sold in smaller amounts. How many {coin} does {p.she} need?

    {base} kites take {pieces} sticks and {amount} cm of tape. A club wants {many} kites. There are {have} sticks in the cupboard
    and there is no tape. In the shop, sticks come in sets of {box} at {price} {coin} per set and tape in rolls of 1000 cm at {cost}
    {coin} per roll. How many {coin} must the club spend at least?
""")
def full_packs(rng: Random, wording: int) -> Solved | None:
    """A recipe scaled up, stock used, full packs bought."""
    base, factor, pieces = rng.choice((4, 6, 8, 10)), rng.randint(3, 9), rng.randint(2, 7)
    amount, have, box = rng.choice((150, 200, 250, 300, 350, 400)), rng.randint(3, 14), rng.choice((6, 10, 12))
    price, cost = rng.randint(2, 6), rng.randint(2, 7)
    p = person(rng)
    if wording > 0:  # a candle has at least a wick, a dish need not have an egg for everyone
        pieces += base
    missing, poured = pieces * factor - have, amount * factor
    if missing < 3 or missing % box == 0 or poured % 1000 == 0 or poured < 1000 or pieces == base:
        return None
    boxes, bags, many = -(-missing // box), -(-poured // 1000), base * factor
    total = boxes * price + bags * cost
    steps = (
        f"The amounts grow by {many} / {base} = {factor}.",
        f"Needed are {factor} x {pieces} - {have} = {missing} of the first, so {boxes} of the packs of {box}.",
        f"Needed are {factor} x {amount} = {poured} of the second, so {bags} of the packs of 1000.",
        f"The cost is {boxes} x {price} + {bags} x {cost} = {total}.",
    )
    recipe = {"base": base, "pieces": pieces, "amount": amount, "many": many}
    return solved(total, steps, p=p, have=have, box=box, price=price, cost=cost, coin=coin(rng), **recipe)


@kind_by_wording("""
    {p}, who is {extra} years old, has {s} {coin}. In the first week {p.she} saves {a} {coin}, and in every later week {d} {coin}
    more than in the week before. {p.She} does this for {n} weeks. During that time {p.she} takes out {out} {coin} for a repair. In
    the end {p.she} buys {m} tickets at {price} {coin} each. How many {coin} does {p.she} have left?

    A library in a town with {extra} schools owns {s} comics. It gets {a} new comics in the first month and then, each month, {d}
    more than in the month before, for {n} months in all. {out} comics are thrown away, and {m} schools receive {price} comics each
    as a gift. How many comics does the library own after that?

    {p} trains for a race over {extra} km. {p.She} has {s} points in a fitness game. On the first day {p.she} earns {a} points and
    on each following day {d} points more than on the day before, {n} days in total. {p.She} loses {out} points for a missed goal
    and swaps some points for {m} badges that cost {price} points each. How many points remain?

    A mason builds a staircase of {n} steps for {q}, who is {extra} cm taller than {p}. The lowest step takes {a} bricks, and each
    further step takes {d} bricks more than the one below it. Besides, {s} bricks go into a wall and {m} pillars take {price} bricks
    each. {out} bricks for all this were left over from an old job, so the mason does not have to order them. How many bricks does
    the mason order?
""")
def growing_savings(rng: Random, wording: int) -> Solved | None:
    """s and a sum that starts with a and grows by d, n times, less m x price and `out`."""
    s, a, d, n = rng.randint(10, 90), rng.randint(3, 20), rng.randint(2, 7), rng.randint(6, 12)
    out, m, price, extra = rng.randint(10, 60), rng.randint(2, 6), rng.randint(8, 40), rng.randint(9, 16)
    p, q = people(rng, 2)
    last = a + (n - 1) * d
    ends = a + last
    grown, equal = n * ends // 2, m * price
    sign = 1 if wording == 3 else -1  # a mason needs the equal ones, too; savers spend them
    total = s + grown + sign * equal - out
    if total < 10 or price == out:
        return None
    steps = (
        f"The last amount of the row is {a} + {n - 1} x {d} = {last}.",
        f"The {n} amounts together are {n} x {ends} / 2 = {grown}, because first and last make {a} + {last} = {ends}.",
        f"The {m} equal ones make {m} x {price} = {equal}.",
        f"The result is {s} + {grown} {'+' if sign > 0 else '-'} {equal} - {out} = {total}.",
    )
    return solved(total, steps, p=p, q=q, s=s, a=a, d=d, n=n, out=out, m=m, price=price, extra=extra, coin=coin(rng))
