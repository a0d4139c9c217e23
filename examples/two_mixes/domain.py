"""python domain.py --count 600 --seed 0

Print instructions from the business of advertising, subscriptions, marketplaces and pricing with exact answers, one JSON
object a line. tests/test_two_mixes.py recomputes every answer by a second route.

A kind is a function that draws the facts of a case and computes its answer in fractions. It returns its local names, or None
where the case would be a tie or no case at all. The wording above it holds prompts (?) and worked answers (!), of which one
each is drawn. In a wording, `{cpa:2}` is a number rounded half up to two decimals, `{cost:m}` is money, `{clicks}` a number as
it is, and ¶ a line break.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from string import Formatter
from typing import Any

Facts = dict[str, Any]
Number = int | str | Fraction

NAMES = """Averlund Bixtable Candrova Dorrimo Elvaster Fizzholm Gavrelli Hobnock Ixara Jorvello Kapplin Lumbrio Mizzentop Nackwell
Olvasto Puffinry Quenlow Rastello Snorrbeck Tarkwell Ulmander Vixbury Wexmoor Xandrio Yarrowfen Zellandra Brockspan Clavendish
Drumlico Eskerby Flintoro Gostrand Humbrel Irvanna Kolbrisk Krumlin Lathbury Mossgrave Nimbeck Orkadia Pendrizzo Rookhurst
Skelvin Tovaro Uxmere Valdrik Wrenfold Zibello Thrumley Pockridge Saffroni Dunkelby Morrizan Bramwick Trellini Hazzenby"""
ENDINGS = ["Depot", "Works", "Union", "Brothers", "Club", "Studio"]
GOODS = """rain jackets/houseplants/fountain pens/climbing shoes/knitting needles/fishing reels/kites/hammocks/umbrellas/
harmonicas/model trains/picture frames/wall clocks/chess sets/wool blankets/enamel pots/camping stoves/bird feeders"""
APPS = """chess trainer/tide-table app/bird-song app/rota planner/backup service/sheet-music library/hiking-map app/
podcast host/stargazing app/form builder/crossword app/time tracker/plant-care app/choir-practice app"""
MARKETS = """vinyl records/boat hire/dog sitting/stage lighting/old maps/farm produce/campervans/second-hand tools/
concert tickets/moving help/antique clocks/wedding music"""
SITES = """weather site/chess magazine/model-railway forum/sailing blog/crossword site/bird-watching portal/timetable site/
gardening forum/local-history site/stargazing magazine"""
MONTHS = {"March": 31, "April": 30, "May": 31, "June": 30, "August": 31, "September": 30, "October": 31, "November": 30}


class Draw:
    """The random choices of one item, and the scene that all kinds share."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        firm, *self.rivals = rng.sample(NAMES.split(), 5)
        self.month, self.cur = self.pick(list(MONTHS)), self.pick(["$", "€", "£"])
        self.scene: Facts = {
            "firm": firm if rng.random() < 0.6 else f"{firm} {self.pick(ENDINGS)}",
            "goods": self.word(GOODS),
            "app": self.word(APPS),
            "market": self.word(MARKETS),
            "site": self.word(SITES),
            "month": self.month,
            "cur": self.cur,
        }

    def pick(self, options: list[Any]) -> Any:
        return self.rng.choice(options)

    def word(self, bank: str) -> str:
        return str(self.pick(bank.replace("\n", "").split("/")))

    def grid(self, low: Number, high: Number, step: Number = 1) -> Fraction:
        """One of low, low + step, …, up to high. Decimals come as text, so that they stay exact."""
        start, size = Fraction(low), Fraction(step)
        return start + size * self.rng.randint(0, math.floor((Fraction(high) - start) / size))


def rounded(value: Fraction, places: int = 0) -> Fraction:
    """Round half up; a negative number like its absolute value."""
    units = math.floor(abs(value) * 10**places + Fraction(1, 2))
    return Fraction(units if value >= 0 else -units, 10**places)


def show(value: Number, spec: str = "") -> str:
    """A number as people write it. Raises `ValueError` where `m` or the empty format would have to round."""
    value = Fraction(value)
    if spec in ("", "m"):
        choices = range(7) if spec == "" else (0, 2)
        places = next((p for p in choices if (value * 10**p).denominator == 1), None)
        if places is None:
            raise ValueError(f"{value} cannot be printed exactly with format {spec!r}")
    else:
        places = int(spec)
    return f"{Decimal(int(rounded(value, places) * 10**places)).scaleb(-places):,.{places}f}"


class Wording(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return value if isinstance(value, str) else show(value, format_spec)


def fill(template: str, facts: Facts) -> str:
    return Wording().vformat(template, (), facts).replace("¶", "\n")


Maker = Callable[[Draw], Facts | None]


@dataclass(frozen=True)
class Kind:
    make: Maker
    prompts: list[str]
    replies: list[str]


@dataclass(frozen=True)
class Item:
    kind: str
    prompt: str
    reply: str
    facts: Facts

    def as_json(self) -> str:
        turns = [{"role": "user", "content": self.prompt}, {"role": "assistant", "content": self.reply}]
        return json.dumps({"messages": turns, "kind": self.kind, "answer": self.facts["answer"]}, ensure_ascii=False)


KINDS: dict[str, Kind] = {}


def kind(wording: str) -> Callable[[Maker], Maker]:
    """Register a maker under its name, with its prompts and answers."""
    texts: list[str] = []
    for line in filter(None, wording.splitlines()):
        if line[0] in "?!":
            texts.append(line)
        else:
            texts[-1] += " " + line.strip()

    def register(make: Maker) -> Maker:
        prompts, replies = ([t[2:] for t in texts if t[0] == mark] for mark in "?!")
        KINDS[make.__name__] = Kind(make, prompts, replies)
        return make

    return register


def near(a: Fraction, b: Fraction, share: str) -> bool:
    """Whether two numbers are too close for a clear decision."""
    return abs(a - b) < Fraction(share) * abs(b)


# Advertising ----------------------------------------------------------------------------------------------------------


@kind("""
? {firm} ran a banner for its {goods} in {month}: {imps} impressions, {clicks} clicks. What is the CTR in percent, to two decimals?
? Line from our ad server: {clicks} clicks, {imps} impressions, advertiser {firm}. Turn it into a click-through rate (percent, two
  decimals) and show the division.
? My manager asks how often people who saw our advert for {goods} clicked on it. It was seen {imps} times and got {clicks} clicks in
  {month}. Answer as a percentage with two decimals, please.
? Monthly summary for {firm}¶Channel: display¶Impressions: {imps}¶Clicks: {clicks}¶CTR: ?¶Fill in the missing figure, in percent and
  rounded to two decimals.
! The click-through rate is clicks divided by impressions: {clicks} / {imps} × 100 = {answer} after rounding to two decimals. Put
  differently, 10,000 impressions bring about {per:0} clicks. The CTR is {answer}.
! Take the clicks, divide them by the impressions and multiply by 100. {clicks} / {imps} × 100 gives {answer} (two decimals). This
  says how inviting the ad is, not whether the visitors buy afterwards, so read it next to the conversion rate.¶CTR: {answer}
! CTR = clicks / impressions.¶Clicks: {clicks}¶Impressions: {imps}¶Quotient in percent, two decimals: {answer}¶As a cross-check,
  about {per:0} clicks for every 10,000 times the ad was shown. So the click-through rate is {answer}.
""")
def ctr(d: Draw) -> Facts | None:
    imps = d.grid(23_400, 883_000, 300)
    clicks = rounded(imps * d.grid("0.3", "6.4", "0.003") / 100)
    rate = clicks / imps * 100
    per, answer = rate * 100, "{rate:2}%"
    return locals()


@kind("""
? {firm} spent {cur}{cost:m} on search ads for its {goods} in {month} and got {orders} orders from them. The target CPA is
  {cur}{target:2}. Work out the CPA to the cent and tell me whether it is within the target.
? Two questions about our {month} campaign. What did one order cost us in advertising (two decimals), and did we stay within the
  agreed {cur}{target:2} per order? The bill was {cur}{cost:m}, the order count {orders}.
? You report to the owner of {firm}, who hates jargon. {cur}{cost:m} went into ads, {orders} people ordered, and on average an order
  should cost no more than {cur}{target:2} in advertising. Give the cost per order, rounded to two decimals, and a plain yes or no
  on the limit.
? CPA check¶advertiser: {firm}¶cost: {cur}{cost:m}¶conversions: {orders}¶target CPA: {cur}{target:2}¶Return the CPA with two
  decimals and say whether the target was met.
! CPA is cost divided by conversions: {cur}{cost:m} / {orders} = {answer}, rounded to two decimals. That is {cur}{gap:2} {side} the
  target of {cur}{target:2}. Within the target? {verdict}. The CPA is {answer}.
! One order cost {answer} in advertising ({cur}{cost:m} spread over {orders} orders, two decimals). The limit is {cur}{target:2},
  and the difference is {cur}{gap:2}. Within the limit: {yes}. {advice}¶CPA: {answer}
! {verdict}, the CPA is {side} the target. The sum: {cur}{cost:m} of cost / {orders} orders = {answer} per order (two decimals),
  against {cur}{target:2} agreed, so {cur}{gap:2} {side} it. {advice} Cost per acquisition: {answer}.
""")
def cpa(d: Draw) -> Facts | None:
    orders, target = d.grid(131, 1_873), d.grid(6, 94, "0.50")
    cost = 10 * rounded(orders * target * d.grid("0.75", "1.25", "0.001") / 10)
    value = rounded(cost / orders, 2)
    if near(value, target, "0.02"):
        return None
    gap, inside = abs(value - target), value < target
    yes, verdict, side = ("yes", "Yes", "below") if inside else ("no", "No", "above")
    advice = "There is room to buy a few dearer orders." if inside else "Look at the dearest keywords first."
    answer = "{cur}{value:2}"
    return locals()


@kind("""
? {firm} sells {goods} online. In {month} its ads cost {cur}{cost:m} and brought orders worth {cur}{gross:m}, but goods worth
  {cur}{back:m} were sent back. What is the ROAS after returns, to two decimals?
? Please compute ROAS on revenue that stayed. Ad spend {cur}{cost:m}; attributed revenue {cur}{gross:m}; refunded from it
  {cur}{back:m}. Two decimals.
? The dashboard of {firm} divides all attributed revenue by spend. I want returned orders out of it. Revenue is {cur}{gross:m},
  returns {cur}{back:m}, spend {cur}{cost:m}. Which return on ad spend (two decimals) should we report, and which one does the
  dashboard show?
? Finance only accepts revenue net of returns. Campaign "{goods}, {month}": spend {cur}{cost:m}, sales {cur}{gross:m}, returns
  {cur}{back:m}. State the return on ad spend with two decimals.
! Revenue that stayed is {cur}{gross:m} - {cur}{back:m} = {cur}{net:m}. Divided by the spend of {cur}{cost:m} this is a ROAS of
  {answer} (two decimals). Before returns it would read {before:2}, which flatters the campaign. ROAS after returns: {answer}.
! Start with net revenue: {cur}{gross:m} less {cur}{back:m} of returns leaves {cur}{net:m}. ROAS = net revenue / spend =
  {cur}{net:m} / {cur}{cost:m} = {answer}. The dashboard figure on gross revenue is {before:2}; report the lower one, because money
  paid back is no revenue. Both are rounded to two decimals. Answer: {answer}.
! Gross ROAS: {cur}{gross:m} / {cur}{cost:m} = {before:2}¶Net ROAS: ({cur}{gross:m} - {cur}{back:m}) / {cur}{cost:m} = {answer}¶Both
  with two decimals. The one to use is the net ROAS, since the returns are already known: each {cur}1 of advertising brought about
  {cur}{answer} of lasting sales. ROAS: {answer}.
""")
def roas(d: Draw) -> Facts | None:
    cost = d.grid(2_310, 46_800, 10)
    gross = 10 * rounded(cost * d.grid("1.6", "8.9", "0.01") / 10)
    back = 10 * rounded(gross * d.grid("3", "23", "0.1") / 1000)
    net = gross - back
    before, after, answer = gross / cost, net / cost, "{after:2}"
    return locals()


@kind("""
? Gross margin on {goods} at {firm} is {margin}% of revenue. Which ROAS does a campaign need to cover its own cost (two decimals),
  and what does one with a ROAS of {roas:2} make or lose on {cur}100 of spend?
? Our shop keeps {margin}% of every sale before advertising. The {month} campaign reports a ROAS of {roas:2}. Please give the
  break-even ROAS to two decimals and say whether {cur}100 of spend pays.
? A colleague at {firm} is happy with a ROAS of {roas:2}. The margin before ads is {margin}%. Is the joy justified? Give the
  break-even ROAS (two decimals) and what {cur}100 of ad spend leaves or costs us.
? margin {margin}%, ROAS {roas:2}. Break-even ROAS to two decimals? Profit or loss on {cur}100 of ad spend?
! Break-even ROAS is 1 divided by the margin: 1 / {frac} = {answer} (two decimals). At {roas:2} the campaign is {side} that point.
  Of each {cur}100 spent, {cur}{sales:m} of sales and {cur}{earned:m} of margin come back, so it {does} {cur}{gap:m}. Break-even
  ROAS: {answer}.
! At a margin of {margin}%, sales of {answer} per {cur}1 of advertising are needed to break even (1 / {frac}, two decimals). The
  campaign stands at {roas:2}. Margin on {cur}100 of spend: {roas:2} × {margin} = {cur}{earned:m}. The campaign therefore {does}
  {cur}{gap:m} per {cur}100.¶Break-even ROAS: {answer}
! The campaign {does} {cur}{gap:m} on every {cur}100 of spend. Here is why: {cur}100 brings {cur}{sales:m} of revenue, and {margin}%
  of it is {cur}{earned:m}. It would be even at a ROAS of 100 / {margin} = {answer} (two decimals), and {roas:2} is {side} that.
  Break-even ROAS: {answer}.
""")
def break_even_roas(d: Draw) -> Facts | None:
    margin = d.grid(17, 67)
    even, frac = 100 / margin, margin / 100
    roas = rounded(even * d.grid("0.6", "1.6", "0.01"), 2)
    sales, earned = roas * 100, roas * margin
    if near(earned, Fraction(100), "0.04"):
        return None
    gap, answer = abs(earned - 100), "{even:2}"
    side, does = ("above", "makes") if earned > 100 else ("below", "loses")
    return locals()


@kind("""
? {firm} tried two monthly budgets for advertising its {goods}. {cur}{low:m} brought {few} orders, {cur}{high:m} brought {many}. An
  added order is worth up to {cur}{limit:m} to us. What does an added order cost (two decimals), and which budget do we keep?
? Budget A: {cur}{low:m}, {few} orders. Budget B: {cur}{high:m}, {many} orders. Rule: B stays if its marginal CPA over A is
  {cur}{limit:m} or less; if not, return to A. Give the marginal CPA to two decimals and the budget that the rule picks.
? "The average CPA is still below {cur}{limit:m}, so the raise was right", says the buyer of {firm}. Spend went from {cur}{low:m} to
  {cur}{high:m} a month and orders from {few} to {many}, with nothing else changed. Our ceiling of {cur}{limit:m} holds for the
  orders that a raise adds. Check it: marginal CPA with two decimals, then the budget to run.
? Help me decide on the {month} budget. Last step: +{cur}{step:m} (from {cur}{low:m} to {cur}{high:m}), orders from {few} to {many}.
  The step may stay only where an extra order costs at most {cur}{limit:m}. Extra cost per extra order to two decimals, then the
  decision.
! The raise of {cur}{step:m} added {more} orders, so an added order cost {cur}{step:m} / {more} = {cur}{marginal:2} (two decimals).
  The average of {cur}{average:2} hides this. {cur}{marginal:2} is {side} the ceiling of {cur}{limit:m}: {answer}.
! Marginal CPA = extra cost / extra orders = ({cur}{high:m} - {cur}{low:m}) / ({many} - {few}) = {cur}{step:m} / {more} =
  {cur}{marginal:2}. The ceiling is {cur}{limit:m}, so the last step is {fine}. The average CPA of the larger budget,
  {cur}{average:2}, does not answer the question.¶Decision: {answer} a month.
! Look at the step, not at the total. {more} more orders for {cur}{step:m} more is {cur}{marginal:2} each, rounded to two decimals,
  which is {side} {cur}{limit:m}. The CPA over all {many} orders is only {cur}{average:2}, because the early orders are cheap.
  Therefore {answer}.
""")
def marginal_cpa(d: Draw) -> Facts | None:
    low, step = d.grid(4_300, 31_700, 100), d.grid(1_100, 9_700, 100)
    few = rounded(low / d.grid(9, 46, "0.1"))
    more = rounded(step / (low / few * d.grid("1.15", "2.6", "0.01")))
    high, many = low + step, few + more
    marginal, average = step / more, high / many
    limit = rounded(marginal * d.grid("0.65", "1.35", "0.01"))
    if near(marginal, limit, "0.04") or limit < average * Fraction("1.03"):
        return None
    stays = marginal < limit
    side, fine = ("below", "worth its money") if stays else ("above", "too dear")
    answer = "keep {cur}{high:m}" if stays else "return to {cur}{low:m}"
    return locals()


@kind("""
? A {month} campaign for {goods} delivered {imps} impressions to {reach} different people. What is the average frequency, to one
  decimal, and is it over our guideline of {limit} per person?
? Reach {reach}, impressions {imps}, guideline {limit} contacts per person. Please give me the average frequency (one decimal) and
  how many impressions we are above or below the guideline for that reach.
? {firm} fears that people see its ad too often. The report: {imps} impressions, {reach} people reached at least once. House limit
  for the average: {limit}. Compute the frequency with one decimal and say whether the fear is justified.
? How often did the average person see our ad, to one decimal? {imps} showings, {reach} viewers. And is that more than the {limit}
  we had planned for?
! Frequency is impressions divided by reach: {imps} / {reach} = {answer} (one decimal). That is {side} the limit of {limit}; for
  this reach the limit allows {most} impressions, so the campaign is {gap} {side} it. Average frequency: {answer}.
! {imps} impressions over {reach} people make {answer} contacts each on average, rounded to one decimal. With {limit} per person,
  {most} impressions would have been in order; the actual number is {gap} {side} that. Some people may have seen it far more often
  than the average, so look at the distribution too.¶Frequency: {answer}
! The average is {side} the limit: {limit} contacts for {reach} people would be {most} impressions, and {imps} were delivered, {gap}
  {side} that. The average frequency is {imps} / {reach} = {answer}, to one decimal.
""")
def frequency(d: Draw) -> Facts | None:
    reach, limit = d.grid(18_300, 646_000, 100), d.grid(2, 9, "0.5")
    imps = 100 * rounded(reach * limit * d.grid("0.6", "1.5", "0.001") / 100)
    value, most = rounded(imps / reach, 1), reach * limit
    if near(value, limit, "0.08"):
        return None
    gap, side = abs(imps - most), "above" if imps > most else "below"
    answer = "{value:1}"
    return locals()


@kind("""
? A second-price auction for one banner slot on a {site}. Bids per thousand impressions: {bids}. No sale goes below the floor of
  {cur}{floor:2}. Who wins, and which CPM does the winner pay?
? Sealed CPM bids:¶- {lines}¶Floor: {cur}{floor:2}. The top bid wins and pays the second bid or the floor, whichever is higher. Name
  the winner and the price.
? Explain to a trainee at {firm} who buys this impression under second-price rules and for how much: {bids} (all CPM), and nothing
  is sold under the floor of {cur}{floor:2}.
? The {site} sells each slot to the top bidder at the price of the bid behind it, but never under {cur}{floor:2}. Today {bids} were
  offered per thousand views. Result?
! Sorted, the bids are {ranking}. {winner} bids most and wins. The bid behind it is {cur}{second:2} and the floor is {cur}{floor:2};
  the higher of the two sets the price. Its own bid of {cur}{top:2} does not. Result: {answer} CPM.
! {winner} wins with the top bid of {cur}{top:2}. It does not pay that, though: in a second-price auction it pays the runner-up's
  {cur}{second:2} or the floor of {cur}{floor:2}, whichever is more. Here {sets} decides, and {winner} keeps {cur}{surplus:2} per
  thousand below its bid. Result: {answer} CPM.
! Winner first: {winner}, with {cur}{top:2} against {cur}{second:2} from the next bidder. Then the price: the larger of the second
  bid ({cur}{second:2}) and the floor ({cur}{floor:2}), so {sets} counts. Bidding more would not have changed it. Result: {answer}
  CPM.
""")
def second_price(d: Draw) -> Facts | None:
    offers = [(name, d.grid("1.10", "9.90", "0.05")) for name in d.rivals]
    ranked = sorted(offers, key=lambda offer: -offer[1])
    (winner, top), (_, second), *_ = ranked
    floor = d.grid("0.90", "6.90", "0.10")
    if len({bid for _, bid in offers} | {floor}) < 5 or floor > top - Fraction("0.2"):
        return None
    said, ordered = ([f"{name} {d.cur}{show(bid, '2')}" for name, bid in rows] for rows in (offers, ranked))
    bids, lines, ranking = ", ".join(said), "\n- ".join(said), ", ".join(ordered)
    price, sets = max(second, floor), "the floor" if floor > second else "the second bid"
    surplus, answer = top - price, "{winner}, {cur}{price:2}"
    return locals()


@kind("""
? Ads are ranked by bid × quality score. {bids}. The winner pays per click the next ad's score divided by its own quality score,
  rounded to two decimals. Who is first, and at which price?
? Search results for "{goods}" have one ad slot. Candidates:¶- {lines}¶Ad rank = bid times quality. Price per click = second ad rank
  / own quality (two decimals). Winner and price, please.
? The highest bid does not always get the search slot. Check who does here: {bids}. Rank is the bid multiplied by the quality score,
  and the click costs the runner-up's rank over the winner's own quality, to two decimals.
! Multiply bid by quality: {ranking}. {winner} has the highest rank, {rank:2}, followed by {following} with {behind:2}. The price is
  {behind:2} / {quality} = {cur}{price:2} (two decimals), which is below its bid of {cur}{bid:2}. Result: {answer} per click.
! Ad ranks:¶- {ranks}¶So {winner} takes the slot. It only has to match the rank behind it: {behind:2} / {quality} = {cur}{price:2}
  to two decimals. {note} Result: {answer} per click.
! {winner} is first. Its rank is {bid:2} × {quality} = {rank:2}; {following} comes second with {behind:2}. Dividing {behind:2} by
  the winner's quality of {quality} gives {cur}{price:2} a click, to two decimals. {note} Result: {answer} per click.
""")
def quality_rank(d: Draw) -> Facts | None:
    ads = [(name, d.grid("0.70", "5.90", "0.05"), d.grid(2, 10)) for name in d.rivals[:3]]
    ranked = sorted(ads, key=lambda ad: -ad[1] * ad[2])
    (winner, bid, quality), (following, *_), _ = ranked
    rank, behind, last = (ad[1] * ad[2] for ad in ranked)
    if min(rank - behind, behind - last) < Fraction("0.4"):
        return None
    said = [f"{name}: bid {d.cur}{show(b, '2')}, quality {q}" for name, b, q in ads]
    scores = [f"{name} {show(b * q, '2')}" for name, b, q in ranked]
    bids, lines, ranking, ranks = "; ".join(said), "\n- ".join(said), ", ".join(scores), "\n- ".join(scores)
    dearer = bid < max(ad[1] for ad in ads)
    note = "A better quality score beat a higher bid." if dearer else "It also had the highest bid."
    price, answer = behind / quality, "{winner}, {cur}{price:2}"
    return locals()


@kind("""
? The bidder of {firm} entered {bids} auctions in a week and won {wins}; the media bill was {cur}{cost:m}. State win rate (percent,
  one decimal) and average CPM paid (two decimals).
? Programmatic log, {month}: bids sent {bids}, impressions won {wins}, spend {cur}{cost:m}. I need the win rate with one decimal and
  the average price per thousand impressions with two.
? How much of what we bid on do we actually get, and what do we pay per thousand? Bids {bids}, wins {wins}, cost {cur}{cost:m}.
  Percent with one decimal, price with two.
! Win rate = wins / bids = {wins} / {bids} = {rate:1}%. Average CPM = cost / wins × 1,000 = {cur}{cost:m} / {wins} × 1,000 =
  {cur}{cpm:2}. Rounded to one and two decimals, the result is {answer} CPM.
! Of {bids} bids {wins} were won and {lost} lost, a win rate of {rate:1}% (one decimal). The bill of {cur}{cost:m} spread over
  {wins} impressions is {cur}{cpm:2} per thousand (two decimals). Judge both together: a higher bid usually lifts the first at the
  expense of the second.¶Result: {answer} CPM
! Two divisions are enough. First, {wins} wins out of {bids} bids, in percent and with one decimal: {rate:1}%. Second, {cur}{cost:m}
  for {wins} impressions, times 1,000 and with two decimals: {cur}{cpm:2}. So the bidder runs at {answer} CPM.
""")
def win_rate(d: Draw) -> Facts | None:
    bids = d.grid(212_000, 3_870_000, 1_000)
    wins = 100 * rounded(bids * d.grid("4", "46", "0.01") / 10_000)
    cost = rounded(wins * d.grid("0.9", "8.7", "0.01") / 1000)
    lost, rate, cpm = bids - wins, wins / bids * 100, cost / wins * 1000
    answer = "{rate:1}% at {cur}{cpm:2}"
    return locals()


@kind("""
? A {site} sent {asked} ad requests in {month}, showed {shown} ads and earned {cur}{earned:m}. Give the fill rate in percent (one
  decimal) and the RPM per thousand requests (two decimals).
? Publisher report: requests {asked}; filled impressions {shown}; ad revenue {cur}{earned:m}. What are fill rate (one decimal,
  percent) and revenue per thousand requests (two decimals)?
? I run a {site}. My ad partner advertises a high eCPM, but I care about what a thousand requests earn. {asked} requests, {shown} of
  them filled, {cur}{earned:m} paid out. Fill rate to one decimal and request RPM to two decimals, please.
! Fill rate = filled / requests = {shown} / {asked} = {rate:1}%. RPM = revenue / requests × 1,000 = {cur}{earned:m} / {asked} ×
  1,000 = {cur}{rpm:2}. With one and two decimals the answer is {answer}.
! {shown} of {asked} requests were filled, which is {rate:1}% (one decimal). The eCPM of the filled ones is {cur}{ecpm:2}, but the
  unsold requests earn nothing, so a thousand requests bring only {cur}{rpm:2} (two decimals). Compare partners on that figure.¶Fill
  rate and RPM: {answer}
! First the share of requests that got an ad: {shown} / {asked} × 100 = {rate:1}%. Then the earnings of a thousand requests:
  {cur}{earned:m} / {asked} × 1,000 = {cur}{rpm:2}. The eCPM on shown ads, {cur}{ecpm:2}, is higher because it leaves the empty
  slots out. Result: {answer}.
""")
def fill_rpm(d: Draw) -> Facts | None:
    asked = d.grid(143_000, 2_960_000, 1_000)
    shown = 100 * rounded(asked * d.grid("38", "96", "0.05") / 10_000)
    earned = rounded(shown * d.grid("0.8", "7.4", "0.01") / 1000)
    rate, rpm, ecpm = shown / asked * 100, earned / asked * 1000, earned / shown * 1000
    answer = "{rate:1}% and {cur}{rpm:2}"
    return locals()


@kind("""
? {firm} has {cur}{budget:m} for ads in {month} ({days} days). At the end of day {day}, {cur}{spent:m} is spent. How much a day may
  go out from now on to land exactly on budget (two decimals)? Is that more or less than so far?
? Pacing question. Month: {month}, {days} days. Budget {cur}{budget:m}. Spent through day {day}: {cur}{spent:m}. Daily rate for the
  remaining days to two decimals, and should spending go up or down?
? It is the evening of {month} {day}, and my campaign has used {cur}{spent:m} of its {cur}{budget:m}. {month} has {days} days. What
  daily amount, to two decimals, uses up the rest evenly, and how does it compare with the average day up to now?
? Budget {cur}{budget:m}, used {cur}{spent:m}, day {day} of {days} is over. New daily spend (two decimals)? Faster or slower than
  before?
! What is left is {cur}{budget:m} - {cur}{spent:m} = {cur}{left:m}, for {days} - {day} = {rest} days. {cur}{left:m} / {rest} =
  {cur}{daily:2}. So far the average was {cur}{before:2} a day (both to two decimals), so spending has to go {way}. Set {answer}.
! Days left: {rest}. Money left: {cur}{left:m}. That makes {cur}{daily:2} a day, against {cur}{before:2} a day in the first {day}
  days, both rounded to two decimals. The campaign must run {pace} than before. Check again in a few days, as delivery rarely
  follows the plan exactly.¶New rate: {answer}
! Average to date: {cur}{spent:m} / {day} = {cur}{before:2} a day.¶Remaining: {cur}{left:m} over {rest} days = {cur}{daily:2} a
  day.¶Both have two decimals. The campaign is {state} an even pace, so the daily spend goes {way}. From tomorrow: {answer}.
""")
def pacing(d: Draw) -> Facts | None:
    days, day, budget = Fraction(MONTHS[d.month]), d.grid(7, 24), d.grid(1_300, 38_900, 50)
    spent = 10 * rounded(budget * day / days * d.grid("0.7", "1.3", "0.001") / 10)
    left, rest = budget - spent, days - day
    daily, before = left / rest, spent / day
    if left <= 0 or near(daily, before, "0.05"):
        return None
    way, pace, state = ("up", "faster", "behind") if daily > before else ("down", "slower", "ahead of")
    answer = "{cur}{daily:2} a day"
    return locals()


@kind("""
? {firm} tests a new order page for {goods}. Old page: {n0} visitors, {x0} orders. New page: {n1} visitors, {x1} orders. Rule: with
  fewer than {least} orders on either page, keep testing; otherwise roll out from a relative lift of {need}% upwards, else drop it.
  Give the lift in percent (one decimal) and the decision.
? A/B result, visitors drawn at random:¶control {x0} / {n0}¶variant {x1} / {n1}¶(orders / visitors)¶Step 1: an arm under {least}
  orders means "keep testing". Step 2: relative lift of at least {need}% means "roll out". Step 3: in all other cases "drop it".
  Lift to one decimal, then the outcome.
? Which of the three do we do: roll out, keep testing or drop it? Control had {x0} orders from {n0} visitors, the variant {x1} from
  {n1}. We keep testing while one of the two has less than {least} orders. After that, a relative lift of {need}% or more is rolled
  out and anything less is dropped. Please quote the lift with one decimal.
! Conversion was {r0:2}% in the old version and {r1:2}% in the new one, a relative lift of {gain:1}% (from the unrounded rates, one
  decimal). {enough} {reason} Decision: {answer}.
! Rates first: {x0} / {n0} = {r0:2}% and {x1} / {n1} = {r1:2}%. The relative lift is the second over the first, minus one:
  {gain:1}%, to one decimal and before rounding the rates. {enough} {reason} The rule says: {answer}.
! Order count comes before lift. {enough} The lift is {gain:1}% relative (one decimal), since conversion went from {r0:2}% to
  {r1:2}%. {reason} Outcome: {answer}.
""")
def lift(d: Draw) -> Facts | None:
    n0, n1, rate = d.grid(2_100, 26_300, 100), d.grid(2_100, 26_300, 100), d.grid("1.3", "7.7", "0.01")
    x0, x1 = rounded(n0 * rate / 100), rounded(n1 * rate / 100 * d.grid("0.95", "1.22", "0.001"))
    r0, r1, need, least, fewest = x0 / n0 * 100, x1 / n1 * 100, d.grid(2, 11), d.grid(110, 540, 10), min(x0, x1)
    gain = r1 / r0 * 100 - 100
    if not Fraction(1, 2) < n0 / n1 < 2 or abs(gain - need) < Fraction(3, 5) or near(fewest, least, "0.03"):
        return None
    ready, side = "ready" if fewest > least else "not ready", "above" if gain > need else "below"
    enough = f"The smaller order count is {show(fewest)}, and {show(least)} are required, so the test is {ready}."
    reason = f"{show(gain, '1')}% is {side} the {need}% that the rule asks for."
    answer = "roll out" if gain > need else "drop it"
    if fewest < least:
        reason, answer = "The lift may still change.", "keep testing"
    return locals()


@kind("""
? {firm} advertised its {goods} in a set of towns drawn by lot; an equal set got no ads. Before, both sold the same. During the ads:
  {cur}{with_ads:m} in the ad towns, {cur}{without:m} in the others. The ads cost {cur}{cost:m}, the margin is {margin}%. What is
  the incremental ROAS (two decimals), and do the ads pay: continue or stop?
? The ad platform claims {cur}{claimed:m} of sales for {cur}{cost:m} of spend. Our own test with two equal, randomly drawn groups of
  towns shows sales of {cur}{with_ads:m} with ads and {cur}{without:m} without. Margin before ads: {margin}%. Work out the
  incremental ROAS to two decimals and decide: continue if the added margin covers the spend, stop if not.
? Geo test, groups drawn at random and of equal size. Sales with ads {cur}{with_ads:m}; sales without {cur}{without:m}; spend
  {cur}{cost:m}; margin {margin}%. iROAS with two decimals? Continue or stop, judged on added margin against spend?
! The ads added {cur}{with_ads:m} - {cur}{without:m} = {cur}{added:m} of sales, so incremental ROAS is {cur}{added:m} /
  {cur}{cost:m} = {iroas:2} (two decimals). At a margin of {margin}% that is {cur}{earned:m} of added margin against {cur}{cost:m}
  of spend, a {result} of {cur}{gap:m}. Decision: {answer}.
! Only sales that would not have happened otherwise count, and the towns without ads tell us those. Difference: {cur}{added:m}.
  Incremental ROAS: {cur}{added:m} / {cur}{cost:m} = {iroas:2}, to two decimals. Margin on the difference: {margin}% of it,
  {cur}{earned:m}, which {covers} the {cur}{cost:m} spent. So the decision is: {answer}.
! Added sales: {cur}{added:m}¶Incremental ROAS, two decimals: {iroas:2}¶Added margin: {cur}{earned:m}¶Spend: {cur}{cost:m}¶The added
  margin {covers} the spend and leaves a {result} of {cur}{gap:m}. Attributed sales on a dashboard cannot show this, because part of
  them would have come anyway. Decision: {answer}.
""")
def incrementality(d: Draw) -> Facts | None:
    without, margin = d.grid(41_500, 316_000, 500), d.grid(22, 64)
    added = 100 * rounded(without * d.grid("3", "19", "0.1") / 10_000)
    earned, claimed = added * margin / 100, 100 * rounded(added * d.grid("1.3", "2.9", "0.01") / 100)
    cost = 10 * rounded(earned * d.grid("0.6", "1.6", "0.01") / 10)
    if near(earned, cost, "0.05"):
        return None
    with_ads, iroas, gap = without + added, added / cost, abs(earned - cost)
    result, covers = ("gain", "covers") if earned > cost else ("loss", "does not cover")
    answer = "continue" if earned > cost else "stop"
    return locals()


# Subscriptions and pricing --------------------------------------------------------------------------------------------


@kind("""
? A {app} starts {month} with {subs} subscribers at {cur}{price:2} a month. {lost} cancel, {up} of the others move to the
  {cur}{plus:2} plan, {new} join at {cur}{price:2}. What is the MRR at the end of {month}?
? {firm}, monthly recurring revenue. Opening: {subs} × {cur}{price:2}. Cancelled: {lost}. Upgraded to {cur}{plus:2} (not among the
  cancelled): {up}. New at {cur}{price:2}: {new}. Closing MRR?
? Help me with an MRR bridge. We had {subs} customers paying {cur}{price:2}. This month brought {new} new ones at the same price,
  {lost} cancellations, and {up} upgrades of remaining customers to {cur}{plus:2}. Where does MRR end, and by how much did it
  change?
! Opening MRR: {subs} × {cur}{price:2} = {cur}{opened:m}.¶New: +{cur}{joined:m}¶Upgrades: {up} × {cur}{step:2} =
  +{cur}{lifted:m}¶Churn: -{cur}{gone:m}¶Taken together, this is a change of {sign}{cur}{move:m} in the month. Closing MRR:
  {answer}.
! Count heads per price. At {cur}{price:2} there are {subs} - {lost} - {up} + {new} = {base} customers, which is {cur}{base_mrr:m}.
  At {cur}{plus:2} there are {up}, which is {cur}{plus_mrr:m}. Against the opening {cur}{opened:m} this is a change of
  {sign}{cur}{move:m}. Closing MRR: {answer}.
! Start from {cur}{opened:m} ({subs} × {cur}{price:2}). Cancellations take {cur}{gone:m}, new customers add {cur}{joined:m}, and
  each upgrade adds the difference of {cur}{step:2}, {cur}{lifted:m} in all. MRR moves by {sign}{cur}{move:m} and ends the month at
  {answer}.
""")
def mrr(d: Draw) -> Facts | None:
    subs, price = d.grid(213, 2_860), d.grid("4.90", "38.90")
    plus = price + d.grid(3, 21)
    lost, up, new = (rounded(subs * d.grid(2, 11, "0.1") / 100) for _ in range(3))
    base, step = subs - lost - up + new, plus - price
    opened, gone, joined, lifted = subs * price, lost * price, new * price, up * step
    closed, base_mrr, plus_mrr = opened - gone + joined + lifted, base * price, up * plus
    if near(lost, new, "0.05") or closed == opened:
        return None
    sign, move, answer = "+" if closed > opened else "-", abs(closed - opened), "{cur}{closed:m}"
    return locals()


@kind("""
? {firm} started the year with {cur}{start:m} of MRR. By its end the same customers had added {cur}{grown:m} through upgrades, cut
  {cur}{cut:m} through downgrades and taken {cur}{gone:m} away by leaving. New customers brought {cur}{new:m}. Net revenue retention
  in percent, one decimal?
? NRR, please (one decimal). Opening MRR {cur}{start:m}; expansion {cur}{grown:m}; contraction {cur}{cut:m}; churned {cur}{gone:m};
  new business {cur}{new:m}.
? An investor asks for the net revenue retention of our {app}. MRR a year ago: {cur}{start:m}. Since then: upgrades +{cur}{grown:m},
  downgrades -{cur}{cut:m}, cancellations -{cur}{gone:m}, all by those customers, plus {cur}{new:m} from new ones. Which percentage
  do we report, with one decimal?
! NRR looks only at the customers who were there at the start: {cur}{start:m} + {cur}{grown:m} - {cur}{cut:m} - {cur}{gone:m} =
  {cur}{end:m}. Divided by {cur}{start:m} that is {answer} (one decimal). The {cur}{new:m} of new business stays out. NRR: {answer}.
! Leave out the {cur}{new:m} from new customers; it is growth, not retention. The old customers now pay {cur}{end:m} a month, after
  {cur}{grown:m} of upgrades and {cur}{loss:m} of downgrades and churn. {cur}{end:m} / {cur}{start:m} = {answer} with one decimal,
  so the existing base {state}. Net revenue retention: {answer}.
! Opening {cur}{start:m}¶Expansion +{cur}{grown:m}¶Contraction -{cur}{cut:m}¶Churn -{cur}{gone:m}¶Same customers today
  {cur}{end:m}¶New customers do not belong in this ratio. {cur}{end:m} / {cur}{start:m} × 100, with one decimal: the existing base
  {state}, and NRR is {answer}.
""")
def nrr(d: Draw) -> Facts | None:
    start = d.grid(21_600, 487_000, 200)
    spans = ((4, 24), (1, 6), (3, 15), (6, 31))
    grown, cut, gone, new = (10 * rounded(start * d.grid(low, high, "0.1") / 1000) for low, high in spans)
    end, loss = start + grown - cut - gone, cut + gone
    if near(end, start, "0.005"):
        return None
    rate, state, answer = end / start * 100, "grew" if end > start else "shrank", "{rate:1}%"
    return locals()


@kind("""
? A subscriber to our {app} pays {cur}{price:m} a month, the gross margin is {margin}%, and {churn}% leave each month. What is the
  lifetime value on a margin basis, to two decimals?
? LTV = monthly price × gross margin / monthly churn. {firm}: price {cur}{price:m}, margin {margin}%, churn {churn}%. Result with
  two decimals?
? {firm} values a customer at price times lifetime and forgets the margin. Correct this: {cur}{price:m} a month, {churn}% monthly
  churn, {margin}% margin. Two decimals, please, and the average lifetime in months to one decimal.
? How much gross profit does an average customer bring before leaving, if {cur}{price:m} comes in monthly, {margin}% of it is
  margin, and monthly churn is constant at {churn}%? Round to two decimals.
! A customer brings {cur}{price:m} × {margin}% = {cur}{profit:m} of margin a month. With {churn}% churn the average lifetime is 1 /
  {frac}, about {life:1} months. LTV is {cur}{profit:m} / {frac} = {answer}, rounded to two decimals at the end. LTV: {answer}.
! Monthly margin: {cur}{profit:m} ({margin}% of {cur}{price:m}). Average stay: 100 / {churn} = {life:1} months (one decimal). The
  lifetime value is monthly margin over churn, {cur}{profit:m} / {frac} = {answer} to two decimals. Without the margin it would read
  {cur}{naive:2}, too much to base a CAC limit on. LTV: {answer}.
! LTV is what one customer leaves behind after variable costs. Per month that is {cur}{profit:m}; each month {churn}% leave, so an
  average customer stays about {life:1} months. Dividing the unrounded figures, {cur}{profit:m} / {frac}, gives {answer} (two
  decimals). It holds only while churn stays at this level. LTV: {answer}.
""")
def ltv(d: Draw) -> Facts | None:
    price, margin, churn = d.grid(6, 87), d.grid(46, 91), d.grid("1.3", "9.7", "0.1")
    profit, frac = price * margin / 100, churn / 100
    life, naive, value = 1 / frac, price / frac, profit / frac
    answer = "{cur}{value:2}"
    return locals()


@kind("""
? It costs {firm} {cur}{cac:m} to win a customer, who pays {cur}{price:m} a month at {margin}% gross margin. After how many full
  months is the CAC earned back? Our limit is {limit} months: are we inside?
? CAC {cur}{cac:m}. Price {cur}{price:m} per month. Gross margin {margin}%. Payback in full months (round up), and is it within
  {limit} months?
? The board of {firm} wants every acquisition repaid within {limit} months. A customer of the {app} costs {cur}{cac:m} in sales and
  marketing and brings {cur}{price:m} a month, of which {margin}% is margin. Tell them the payback in full months and whether the
  demand is met.
! Margin per month is {cur}{price:m} × {margin}% = {cur}{profit:m}. {cur}{cac:m} / {cur}{profit:m} = {exact:1} (one decimal), so the
  cost is back after {answer}, counting full months. The limit is {limit} months. {verdict} Payback: {answer}.
! Each month a customer returns {cur}{profit:m} of margin ({margin}% of {cur}{price:m}). After {less} months that is
  {cur}{nearly:m}, still under {cur}{cac:m}; after {months} it is {cur}{enough:m}. {verdict} CAC payback: {answer}.
! {verdict} Use the margin, not the price: {cur}{profit:m} of the {cur}{price:m} is left each month. {cur}{cac:m} divided by it is
  {exact:1} with one decimal, rounded up to full months. The limit set is {limit}. Payback: {answer}.
""")
def payback(d: Draw) -> Facts | None:
    price, margin, cac, limit = d.grid(7, 96), d.grid(47, 89), d.grid(38, 930), d.grid(5, 21)
    profit = price * margin / 100
    exact = cac / profit
    months = Fraction(math.ceil(exact))
    less, nearly, enough = months - 1, (months - 1) * profit, months * profit
    if not (3 < exact < 26 and Fraction("0.12") < exact % 1 < Fraction("0.9") and 1 <= abs(months - limit) <= 5):
        return None
    verdict = "Yes, this is inside the limit." if months < limit else "No, this is outside the limit."
    answer = "{months} months"
    return locals()


@kind("""
? {trials} people began a free trial of our {app} in {month}. {conv}% of them became paying customers at {cur}{price:2} a month, and
  {stay}% of the payers also paid a second month. Revenue of the first two paid months together?
? Funnel of {firm}: {trials} trials, trial-to-paid {conv}%, second payment made by {stay}% of those who made the first,
  {cur}{price:2} per payment. What do these trials bring in over two payments?
? I budget with "{trials} trials × {cur}{price:2} × 2". What is the right number if {conv}% convert to paid and {stay}% of those pay
  for the second month as well?
! Paying customers: {trials} × {conv}% = {payers}. First month: {payers} × {cur}{price:2} = {cur}{first:m}. Second month: {stay}% of
  them, {stayers} customers, pay {cur}{second:m}. Whoever never converted adds nothing. Together the trials bring {answer}.
! Go down the funnel. {trials} trials become {payers} first payments ({conv}%) and {stayers} second payments ({stay}% of {payers}).
  That makes {count} payments of {cur}{price:2}. Most trials never pay, so the count of trials says little about income. Revenue
  over the two months: {answer}.
! Month 1: {payers} payers ({conv}% of {trials}), {cur}{first:m}¶Month 2: {stayers} payers ({stay}% of {payers}),
  {cur}{second:m}¶The sum is what the cohort earns in its first two paid months, before any cost: {answer}.
""")
def trial(d: Draw) -> Facts | None:
    trials, conv, stay, price = d.grid(150, 4_950, 50), d.grid(6, 39), d.grid(62, 94), d.grid("3.90", "27.90")
    payers = trials * conv / 100
    stayers = payers * stay / 100
    if payers.denominator > 1 or stayers.denominator > 1:
        return None
    first, second, count = payers * price, stayers * price, payers + stayers
    total, answer = count * price, "{cur}{total:m}"
    return locals()


@kind("""
? A customer of {firm} paid {cur}{old:2} for a 30-day month and changes to the {cur}{new:2} plan after {used} days. Unused days are
  credited, and the new plan is charged for the same days only. What is due today: a charge or a credit, and how much?
? Proration: month of 30 days, {used} used. Old plan {cur}{old:2}, new plan {cur}{new:2}, both per month. Net amount for the rest of
  the month, and in whose favour?
? Draft a line for support. The user of our {app} switches plans after {used} of 30 days, from {cur}{old:2} to {cur}{new:2} a month.
  We settle the remaining days at the difference between the two plans. What appears on the bill?
! {rest} of 30 days are left. Credit for the old plan: {cur}{old:2} × {rest} / 30 = {cur}{credit:2}. Cost of the new plan for these
  days: {cur}{new:2} × {rest} / 30 = {cur}{cost:2}. The difference goes {favour}. On the bill: {answer}.
! The plans differ by {cur}{gap:2} a month. For the {rest} remaining days of 30 this is {cur}{gap:2} × {rest} / 30 = {cur}{due:2}.
  The new plan is the {dearer} one, so the amount goes {favour}. From the next month on, the full {cur}{new:2} is due. On the bill
  now: {answer}.
! Days left: 30 - {used} = {rest}¶Unused part of the old plan: {cur}{credit:2}¶New plan for the same days: {cur}{cost:2}¶Set one
  against the other and the result goes {favour}, because the new plan is the {dearer} one: {answer}.
""")
def proration(d: Draw) -> Facts | None:
    old, new, used = d.grid("6.90", "57.90", 3), d.grid("6.90", "57.90", 3), d.grid(3, 27)
    rest, gap = 30 - used, abs(new - old)
    if old == new:
        return None
    credit, cost, due = old * rest / 30, new * rest / 30, gap * rest / 30
    up = new > old
    favour, dearer, word = ("to us", "dearer", "charge") if up else ("to the customer", "cheaper", "credit")
    answer = "a {word} of {cur}{due:2}"
    return locals()


@kind("""
? {firm} sells {units} {goods} a month at {cur}{old:2}; each costs {cur}{cost:2} to supply. The price is to rise by {rise}%.
  Elasticity is -{elastic}: for each 1% on the price, unit sales fall by {elastic}%. Raise the price or keep it, if monthly
  contribution decides?
? Price test on paper. Today: {cur}{old:2}, {units} units, variable cost {cur}{cost:2}. Plan: +{rise}%. Units change by -{elastic}
  times the price change in percent. Compare the contribution before and after and decide: raise or keep.
? The owner of {firm} thinks a {rise}% higher price can only be good. Current price {cur}{old:2}, variable cost {cur}{cost:2},
  {units} sales a month, and demand falls {elastic}% per 1% of price. Is she right? Use contribution (price minus variable cost,
  times units), then say raise or keep.
! New price: {cur}{new:2}. Units fall by {rise} × {elastic} = {fall}%, from {units} to {left}. Contribution now: {units} ×
  {cur}{unit0:2} = {cur}{now:m}. After: {left} × {cur}{unit1:2} = {cur}{then:m}. That is {cur}{gap:m} {more} a month. Decision:
  {answer} the price.
! Two effects work against each other: each sale earns {cur}{unit1:2} instead of {cur}{unit0:2}, but {lost} of the {units} sales are
  lost ({rise} × {elastic} = {fall}%). Contribution moves from {cur}{now:m} to {cur}{then:m}, {cur}{gap:m} {more}. Decision:
  {answer} the price.
! Before: ({cur}{old:2} - {cur}{cost:2}) × {units} = {cur}{now:m}¶After: ({cur}{new:2} - {cur}{cost:2}) × {left} =
  {cur}{then:m}¶Units drop by {fall}% because of the elasticity. Contribution is {cur}{gap:m} {more} after the change, and the
  estimate is only as good as the elasticity. Decision: {answer} the price.
""")
def price_change(d: Draw) -> Facts | None:
    units, old, elastic = d.grid(2_000, 46_000, 1_000), d.grid("7.50", "94.50", "0.50"), d.grid("0.4", "2.7", "0.1")
    rise, cost = Fraction(d.pick([4, 5, 6, 8, 10, 12, 14, 15])), rounded(old * d.grid(25, 75) / 100, 1)
    new, fall = old * (100 + rise) / 100, rise * elastic
    lost = units * fall / 100
    left, unit0, unit1 = units - lost, old - cost, new - cost
    now, then = unit0 * units, unit1 * left
    if (new * 100).denominator > 1 or elastic == 1 or near(then, now, "0.01"):
        return None
    gap = abs(then - now)
    more, answer = ("more", "raise") if then > now else ("less", "keep")
    return locals()


@kind("""
? Refund terms of our {app} (yearly plan, paid in advance): (a) cancelled within {window} days and at most {cap} exports made: all
  money back. (b) Otherwise: the full months not yet begun are refunded, less a fee of {cur}{fee:m}. (c) If fewer than 3 such months
  are left, nothing is refunded. A customer paid {cur}{price:m} {days} days ago, is in month {month_no} of 12 and made {exports}
  exports. What do we pay back?
? {firm} support case. Yearly plan {cur}{price:m}, bought {days} days ago, month {month_no} of 12 running, {exports} exports. Our
  rule: (a) within {window} days and with no more than {cap} exports, a full refund; (b) in other cases {cur}{price:m} / 12 for each
  month that has not begun, minus {cur}{fee:m}; (c) with under three such months, no refund. How much, and under which part?
? "I want my {cur}{price:m} back!" The customer joined {days} days ago (month {month_no} of 12) and has made {exports} exports. Part
  (a) of our terms: full refund up to day {window} if there were {cap} exports or fewer. Part (b): failing that, months not yet
  begun are paid back pro rata after deducting {cur}{fee:m}. Part (c): with fewer than three of them nothing is paid. Work out the
  amount and give the reason.
! {why} Amount to pay back: {answer}.
! Check the full refund first. {why} The wish of the customer changes nothing about the rule, so say it kindly and quote the terms.
  Result: {answer}.
! Facts: day {days}, month {month_no} of 12, {exports} exports, {cur}{price:m} paid. {why} The outcome under the terms: {answer}.
""")
def refund(d: Draw) -> Facts | None:
    price, window, cap, fee = d.grid(66, 342, 6), Fraction(d.pick([10, 15, 20, 25])), d.grid(4, 10), d.grid(4, 13)
    last = int(window) - 2
    low, high = d.pick([(2, last), (2, last), (last + 6, 263), (302, 345)])
    days, exports = d.grid(low, high), d.grid(2, 17)
    month_no = Fraction(math.ceil(days / 30))
    if days % 30 in (0, 1, 29) or abs(exports - cap) < 2:
        return None
    left = 12 - month_no
    share = left * price / 12
    amount, answer = share - fee, "{cur}{amount:m}"
    why = f"{days} days are past the {window}-day window" if days > window else f"{exports} exports are more than {cap}"
    why = f"Part (a), the full refund, is out: {why}. Months not yet begun: {left}"
    if left < 3:
        why, answer = f"{why}, which is fewer than 3. Under part (c) nothing is paid back.", "no refund"
    elif days < window and exports < cap:
        why = (
            f"{days} days are within the {window}-day window, and {exports} exports are not more than {cap}. Part (a) applies: the"
        )
        why, answer = why + " whole price goes back, and no fee is taken.", "{cur}{price:m}"
    else:
        why += f". Part (b): {left} × {d.cur}{show(price / 12, 'm')} = {d.cur}{show(share, 'm')}, less the fee of {d.cur}{fee}."
    return locals()


# Marketplaces, property, policy and support ---------------------------------------------------------------------------


@kind("""
? A seller on {firm}, a marketplace for {goods}, sells for {cur}{price:m} plus {cur}{ship:m} shipping. Commission is {take}% of the
  price without shipping; the payment fee is {pay}% of the total plus {cur}{fixed:2}. What is paid out to the seller?
? Payout statement to fill in (order of {goods}):¶Item {cur}{price:m}¶Shipping paid by the buyer {cur}{ship:m}¶Commission {take}% of
  the item¶Payment fee {pay}% of item and shipping + {cur}{fixed:2}¶Payout: ?
? I sell through {firm}. They take {take}% of my {cur}{price:m}, nothing of the {cur}{ship:m} shipping, and the card processor takes
  {pay}% of everything the buyer pays plus {cur}{fixed:2}. How much of the {cur}{total:m} reaches me?
! The buyer pays {cur}{price:m} + {cur}{ship:m} = {cur}{total:m}. Commission: {take}% of {cur}{price:m} = {cur}{cut:2}. Payment fee:
  {pay}% of {cur}{total:m} + {cur}{fixed:2} = {cur}{paid:2}. {cur}{total:m} - {cur}{cut:2} - {cur}{paid:2} leaves a payout of
  {answer}.
! Take the two fees one by one. The marketplace keeps {take}% of the item only, {cur}{cut:2}. The payment costs {pay}% of the whole
  {cur}{total:m} and {cur}{fixed:2} on top, together {cur}{paid:2}. Fees in total: {cur}{fees:2}. The seller still has to pay for
  the parcel. Seller payout: {answer}.
! Total paid by the buyer {cur}{total:m}¶Commission -{cur}{cut:2}¶Payment fee -{cur}{paid:2}¶The commission is taken on
  {cur}{price:m}, the payment fee on the total, so the fees come to {cur}{fees:2} altogether. Payout to the seller: {answer}.
""")
def payout(d: Draw) -> Facts | None:
    ship, fixed, total = d.grid(4, 13), d.grid("0.15", "0.45", "0.05"), d.grid(40, 690, 10)
    price, take, pay = total - ship, d.grid(6, 19), d.grid("1.1", "3.4", "0.1")
    cut, paid = price * take / 100, total * pay / 100 + fixed
    fees, rest, answer = cut + paid, total - cut - paid, "{cur}{rest:2}"
    return locals()


@kind("""
? {firm} is a marketplace for {market}. In {month} orders of {cur}{gmv:m} were placed, {lost}% of that value was cancelled, and the
  commission is {take}% of completed orders. Sellers also paid {cur}{promo:m} for promoted listings. What is the revenue, and the
  effective take rate on completed GMV (one decimal)?
? A press draft says: "{firm} made {cur}{gmv:m} in {month}." That is placed GMV. Cancelled: {lost}%. Commission on the rest:
  {take}%. Listing ads: {cur}{promo:m}. Correct it with the company's own revenue and the take rate (revenue over completed GMV, one
  decimal).
? GMV placed {cur}{gmv:m}, cancellations {lost}%, commission {take}%, promoted listings {cur}{promo:m}. Marketplace revenue? Total
  take rate on what was completed, with one decimal?
! Completed GMV: {cur}{gmv:m} less {lost}% = {cur}{done:m}. Commission: {take}% of it = {cur}{cut:m}. Add {cur}{promo:m} of promoted
  listings to get the revenue. The effective take rate is {rate:1}% of completed GMV (one decimal). Revenue: {answer}.
! GMV belongs to the sellers; the marketplace earns only its part. {cur}{done:m} of orders were completed, and {take}% of them is
  {cur}{cut:m}. The promoted listings add {cur}{promo:m}. Over completed GMV, this is a take rate of {rate:1}% with one decimal.
  Revenue: {answer}.
! Placed {cur}{gmv:m}¶Cancelled -{cur}{void:m}¶Completed {cur}{done:m}¶Commission {cur}{cut:m}¶Promoted listings {cur}{promo:m}¶Only
  the last two lines are the company's own income; the rest belongs to the sellers. Its take rate is {rate:1}% of completed GMV (one
  decimal). Revenue: {answer}.
""")
def gmv_revenue(d: Draw) -> Facts | None:
    gmv, lost, take = d.grid(43_000, 968_000, 1_000), d.grid(3, 14), d.grid("5.5", "18.5", "0.5")
    void = gmv * lost / 100
    done = gmv - void
    cut, promo = done * take / 100, 10 * rounded(done * d.grid("0.5", "4", "0.01") / 1000)
    revenue = cut + promo
    rate, answer = revenue / done * 100, "{cur}{revenue:m}"
    return locals()


@kind("""
? A partner of {firm} gets {r1}% commission on monthly sales up to {cur}{t1:m}, {r2}% from there to {cur}{t2:m} and {r3}% above.
  {rule} Sales in {month} were {cur}{sales:m}. What is the commission?
? Commission scale: to {cur}{t1:m} {r1}%; over {cur}{t1:m} to {cur}{t2:m} {r2}%; over {cur}{t2:m} {r3}%. {rule} Compute it for sales
  of {cur}{sales:m}.
? I referred sales of {cur}{sales:m} to {firm} in {month}. My contract names three tiers: {r1}% (up to {cur}{t1:m}), {r2}% (up to
  {cur}{t2:m}) and {r3}% (beyond that). {rule} What should I invoice?
! {reading} {steps} The partner can check it against the sales report. Commission: {answer}.
! {steps} {reading} Contracts differ on this point, so read the clause before you compute. The commission is {answer}.
! {reading} {steps} Measured against all sales of the month this is an average rate of {share:2}% (two decimals). Amount: {answer}.
""")
def commission_tiers(d: Draw) -> Facts | None:
    t1, r1, sales = d.grid(4_000, 14_000, 500), d.grid(3, 7), d.grid(3_200, 61_000, 100)
    t2, r2, sliced = t1 + d.grid(6_000, 21_000, 500), r1 + d.grid(1, 4), d.rng.random() < 0.6
    r3, tier = r2 + d.grid(1, 4), 1 + (sales > t1) + (sales > t2)
    if near(sales, t1, "0.06") or near(sales, t2, "0.06"):
        return None
    if sliced:
        rule, reading = "Each rate holds only for the part of sales inside its tier.", "Each slice of sales has its own rate."
        slices = list(zip([min(sales, t1), min(sales, t2) - t1, sales - t2], [r1, r2, r3], strict=True))[:tier]
        steps = f"Sales of {d.cur}{show(sales)} reach tier {tier} of 3 and are paid slice by slice: "
    else:
        rule, reading = "The rate of the tier reached holds for all sales of the month.", "One rate covers all sales."
        slices = [(sales, [r1, r2, r3][tier - 1])]
        steps = f"Sales of {d.cur}{show(sales)} end in tier {tier} of 3, whose rate holds for the whole amount: "
    steps += ", ".join(f"{d.cur}{show(part)} × {rate}% = {d.cur}{show(part * rate / 100, 'm')}" for part, rate in slices) + "."
    due = Fraction(sum(part * rate for part, rate in slices)) / 100
    share, answer = due / sales * 100, "{cur}{due:m}"
    return locals()


@kind("""
? A flat that lets for {cur}{rent:m} a month stood empty for {days} days. The owner went on paying {cur}{costs:m} a month of charges
  and {cur}{fee:m} for a new listing. Count a month as 30 days. What did the vacancy cost, and how many months' rent is that (one
  decimal)?
? Vacancy cost, please: rent {cur}{rent:m} per month, service charges {cur}{costs:m} per month borne by the owner while empty,
  {days} days empty, re-letting fee {cur}{fee:m}, 30-day months. Also as a multiple of the monthly rent, one decimal.
? Between two tenants my flat was vacant for {days} days. I lost the rent of {cur}{rent:m} a month, carried {cur}{costs:m} a month
  of running costs myself and paid {cur}{fee:m} to an agent. With 30 days to the month, what did it cost me in total? And in months
  of rent, to one decimal?
! Rent and charges come to {cur}{both:m} a month, or {cur}{daily:m} a day. {days} days × {cur}{daily:m} = {cur}{empty:m}, plus the
  fee of {cur}{fee:m}. In months of rent this is {ratio:1} (one decimal). The vacancy cost {answer}.
! Lost rent: {cur}{rent:m} / 30 × {days} = {cur}{lost:m}.¶Charges: {cur}{costs:m} / 30 × {days} = {cur}{borne:m}.¶Fee:
  {cur}{fee:m}.¶The total equals {ratio:1} months of rent, with one decimal, so letting a little cheaper but sooner can pay. Vacancy
  cost: {answer}.
! Three items add up: {cur}{lost:m} of rent that did not come in, {cur}{borne:m} of charges that no tenant paid, and {cur}{fee:m}
  for finding the next one. Measured in rent that is {ratio:1} months (one decimal). In total: {answer}.
""")
def vacancy(d: Draw) -> Facts | None:
    rent, costs, fee, days = d.grid(540, 2_190, 30), d.grid(60, 270, 30), d.grid(85, 415, 5), d.grid(13, 88)
    both, daily = rent + costs, (rent + costs) / 30
    lost, borne, empty = rent / 30 * days, costs / 30 * days, daily * days
    total = empty + fee
    ratio, answer = total / rent, "{cur}{total:m}"
    return locals()


@kind("""
? A flat costs {cur}{price:m} and rents for {cur}{rent:m} a month. Allow {empty}% of the yearly rent for vacancy and {cur}{costs:m}
  a year for operating costs. What is the cap rate (two decimals), and does it meet our minimum of {least}%?
? Cap rate check for {firm}: asking price {cur}{price:m}; monthly rent {cur}{rent:m}; vacancy allowance {empty}%; yearly operating
  costs {cur}{costs:m}; hurdle {least}%. Percent with two decimals and buy or pass.
? Our rule is to buy from a cap rate of {least}% upwards and to pass below. On offer: a flat for {cur}{price:m}, rent {cur}{rent:m}
  per month, of which {empty}% is deducted for empty weeks, running costs {cur}{costs:m} per year. Show the net operating income,
  the cap rate to two decimals and the decision.
! Yearly rent: {cur}{rent:m} × 12 = {cur}{gross:m}. Less {empty}% vacancy and {cur}{costs:m} of costs, net operating income is
  {cur}{noi:m}. Divided by {cur}{price:m} this is a cap rate of {answer} (two decimals), {side} the minimum of {least}%, so {verb}.
  Cap rate: {answer}.
! Net operating income = {cur}{gross:m} of rent - {cur}{void:m} for vacancy - {cur}{costs:m} of costs = {cur}{noi:m}. Cap rate =
  {cur}{noi:m} / {cur}{price:m} = {answer}, to two decimals. The line is {least}%, and the flat is {side} it: {verb}. Loan payments
  play no part here.¶Cap rate: {answer}
! Rent a year {cur}{gross:m}¶Vacancy -{cur}{void:m}¶Costs -{cur}{costs:m}¶NOI {cur}{noi:m}¶Set against the price of {cur}{price:m},
  this is a yield {side} the {least}% we ask for, so {verb}. Cap rate with two decimals: {answer}.
""")
def cap_rate(d: Draw) -> Facts | None:
    price, rent, empty, costs = d.grid(141_500, 688_000, 500), d.grid(640, 3_090, 10), d.grid(3, 9), d.grid(1_450, 7_850, 50)
    gross = rent * 12
    void = gross * empty / 100
    noi = gross - void - costs
    value, least = noi / price * 100, d.grid("3.25", "7.75", "0.25")
    if not Fraction("2.3") < value < Fraction("9.3") or not Fraction("0.12") < abs(value - least) < 2:
        return None
    side, verb = ("above", "buy") if value > least else ("below", "pass")
    answer = "{value:2}%"
    return locals()


Clause = tuple[str, str, str, Number, Number, Number, int]
"""Rule, fact, unit, lowest and highest limit, step, and 1 for a minimum or -1 for a maximum."""

HARD: list[Clause] = [
    ("A free trial may be advertised only if it lasts at least {l} days.", "the trial lasts {x} days", " days", 5, 30, 1, 1),
    ("The words 'top rated' need an average of at least {l} stars.", "the average is {x} stars", " stars", "4.0", "4.8", "0.1", 1),
    ("'In stock' may be said only with at least {l} pieces in the warehouse.", "{x} pieces are there", " pieces", 20, 90, 1, 1),
    ("A stated battery life may exceed the measured one by at most {l}%.", "the claim exceeds it by {x}%", "%", 3, 12, 1, -1),
    ("A picture may flash at most {l} times in ten seconds.", "it flashes {x} times in ten seconds", " flashes", 3, 20, 1, -1),
    (
        "The page behind the ad must load in at most {l} seconds.",
        "the page loads in {x} seconds",
        " seconds",
        "2.0",
        "5.0",
        "0.1",
        -1,
    ),
]
SOFT: list[Clause] = [
    ("Small print must be at least {l} pixels high.", "small print is {x} pixels high", " pixels", 9, 18, 1, 1),
    ("The text has at most {l} words.", "the text has {x} words", " words", 18, 60, 1, -1),
    ("At most {l}% of the picture may be covered with text.", "text covers {x}% of it", "%", 12, 38, 1, -1),
    ("A video needs captions for at least {l}% of the spoken words.", "captions cover {x}%", "%", 60, 96, 1, 1),
    ("A clip is at most {l} seconds long.", "the clip takes {x} seconds", " seconds", 6, 44, 1, -1),
]


@kind("""
? Ad rules of a {site}:¶P1. {rule1} If not: block.¶P2. {rule2} If not, and P1 is in order: send back.¶All in order: approve.¶The ad
  of {firm}: {fact1}; {fact2}. Which of the three is it?
? Review an ad by {firm}. Policy P1: {rule1} A breach means block. Policy P2: {rule2} A breach of P2 alone means send back for a
  fix. No breach means approve. What the reviewer measured: for P1, {fact1}; for P2, {fact2}. Decide and give the reason.
? The sales team of the {site} begs: "Just let the {firm} ad through, they book every month!" The rules know three outcomes. P1:
  {rule1} Otherwise block. P2: {rule2} Otherwise send back, unless P1 already blocks it. If both hold, approve. Measured: under P1
  {fact1}, under P2 {fact2}. What do you answer?
! P1 sets a {lim1}, and the ad has {x1}: {ok1}. P2 sets a {lim2}, and the ad has {x2}: {ok2}. {logic} Decision: {answer}.
! Go through the rules in order. First P1, with a {lim1}: the value is {x1}, so it is {ok1}. Then P2, with a {lim2}: the value is
  {x2}, so it is {ok2}. {logic} How much a client books is not part of either rule. Decision: {answer}.
! Under P1 ({lim1}) the ad shows {x1}, so P1 is {ok1}. Under P2 ({lim2}) it shows {x2}, so P2 is {ok2}. {logic} Tell the advertiser
  which value was measured and what the limit is. Decision: {answer}.
""")
def ad_policy(d: Draw) -> Facts | None:
    facts: Facts = {}
    for number, clauses in (("1", HARD), ("2", SOFT)):
        rule, fact, unit, low, high, step, sign = d.pick(clauses)
        limit = d.grid(low, high, step)
        found = limit + Fraction(step) * d.grid(1, 4) * d.pick([sign, sign, -sign])
        if found <= 0 or (unit == "%" and found > 99) or (unit == " stars" and found > 5):
            return None
        values = {n: show(v, "1" if Fraction(step) < 1 else "") for n, v in (("l", limit), ("x", found))}
        bound = f"{'minimum' if sign > 0 else 'maximum'} of {values['l']}{unit}"
        kept = (found - limit) * sign > 0
        facts |= {"rule" + number: fill(rule, values), "fact" + number: fill(fact, values), "lim" + number: bound}
        facts |= {"x" + number: values["x"] + "%" * (unit == "%"), "ok" + number: "kept" if kept else "broken"}
        facts["test" + number] = limit, found, sign
    if facts["ok1"] == "broken":
        logic, answer = "A breach of P1 blocks the ad whatever P2 says.", "block"
    elif facts["ok2"] == "broken":
        logic, answer = "Only P2 is broken, so the ad can be repaired and handed in again.", "send back"
    else:
        logic, answer = "Both rules are kept, so nothing stands in the way.", "approve"
    return {**facts, "logic": logic, "answer": answer}


LABELS = {
    "cancellation": (
        "the customer wants to end the plan",
        "confirm the end date and what stays readable afterwards",
        "Please end my plan at the end of the month./I do not want to renew this time./We are leaving, so close our plan."
        "/Take me off the subscription, please./I have decided to stop using you, please finish my contract.",
    ),
    "payment": (
        "a charge, card or transfer went wrong",
        "compare the customer's bank entry with ours before promising anything",
        "My card was refused twice although it is valid./You took the fee two times this month./My transfer from last week is"
        " still shown as open./The amount on my statement is not the one I agreed to./The payment page rejects my new card.",
    ),
    "bug": (
        "the product does not work as it should",
        "ask for the version and the steps, then hand it to the developers",
        "Since the last version the export button does nothing./The app closes by itself when I open the calendar./My charts show"
        " the same day on every row./Saved notes vanish after a restart./The search finds nothing, not even words on the screen.",
    ),
    "how-to": (
        "the customer asks how or where to do something",
        "send the two or three clicks it takes, with a link to the help page",
        "How do I add a second user?/Where can I change the language?/Can you tell me where the backup settings are?"
        "/How can I share a list with my sister?/Where do I find last year's reports?",
    ),
}


@kind("""
? Sort this message to the support of {firm} into one label. Labels, in this order: {order}. If several fit, take the one that comes
  first in the order.¶"{message}"
? Labels: {numbered}. Take the first one in this list that fits the message, and give a one-line reason and the next step.¶Message
  to our {app}: "{message}"
? A customer of a {app} writes: "{message}" Which queue is it? We check the queues in this order and stop at the first that fits:
  {order}. Meaning: {meaning}.
? Inbox rule at {firm}: one label per mail; the order of the labels is {order}; the earlier label goes before the later one.
  Definitions: {meaning}. The mail reads: "{message}" Give label and reason.
! The reason comes first: {why}. {other} Next step: {next_step}. I would not promise more than that in the first answer. Label:
  {answer}.
! Reading the message, {why}. {other} Tone and length play no part in the choice. As a next step, {next_step}.¶Label: {answer}
! This goes to the queue "{answer}", because {why}. {other} In the reply, thank the customer and then {next_step}. Final label:
  {answer}.
""")
def support_label(d: Draw) -> Facts | None:
    ranked = d.rng.sample(list(LABELS), 4)
    said = d.rng.sample(ranked, d.pick([1, 2, 2]))
    opening = d.pick(["Hello!", "Hi there.", "Good morning.", "To the support team:"])
    closing = d.pick(["Thank you!", "Best wishes, Joan", "Thanks, Tariq", "Regards, Mr Osei", "Kind regards, Wilma"])
    message = " ".join([opening, *(d.word(LABELS[label][2]) for label in said), closing])
    first, *rest = sorted(said, key=ranked.index)
    why, next_step, _ = LABELS[first]
    other = f'It would fit "{rest[0]}" too, but "{first}" comes earlier in the order.' if rest else "No other label fits."
    order, numbered = ", ".join(ranked), "; ".join(f"{i}. {name}" for i, name in enumerate(ranked, 1))
    meaning = "; ".join(f"{name}: {LABELS[name][0]}" for name in ranked)
    answer = first
    return locals()


# Drawing items --------------------------------------------------------------------------------------------------------


def draw_item(name: str, rng: random.Random) -> Item:
    """One item of a kind; draws again until the facts make a clear case."""
    while True:
        draw = Draw(rng)
        if facts := KINDS[name].make(draw):
            break
    facts = draw.scene | facts
    facts["answer"] = fill(facts["answer"], facts)
    return Item(name, fill(rng.choice(KINDS[name].prompts), facts), fill(rng.choice(KINDS[name].replies), facts), facts)


def items(count: int, seed: int) -> Iterator[Item]:
    """Items of all kinds in turn; no two have the same prompt."""
    rng, seen, names = random.Random(seed), set[str](), list(KINDS)
    while len(seen) < count:
        item = draw_item(names[len(seen) % len(names)], rng)
        if item.prompt not in seen:
            seen.add(item.prompt)
            yield item


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for item in items(args.count, args.seed):
        print(item.as_json())


if __name__ == "__main__":
    main()
