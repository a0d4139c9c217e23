"""Recall over a conversation or a long pasted text, multiple choice.

Facts of one sort (names, places, prices, days, who said what) are told among others of the same sort, and the last user
message asks for one of them. Tier 1: one short turn; tier 2: several turns, sometimes a later change; tier 3: a pasted
diary, harbour log, lease or minutes of about 1,100 words; tier 4: of about 2,200 words, with a correction, a count over
the text, or two hops. All persons, ships and ports are invented. One item:

    {"id": "recall-001", "tier": 1, "kind": "place",
     "messages": [{"role": "user",
                   "content": "This spring Oskar started work in Bergen, Mina in Vienna, Leyla in Ghent and Hugo in Dublin. "
                              "Why is the sky red in the evening?"},
                  {"role": "assistant",
                   "content": "The light has a longer way through the air then, and the blue part is scattered out of it."},
                  {"role": "user", "content": "Where would I find Oskar now?"}],
     "choices": ["Bergen", "Ghent", "Dublin", "Vienna"], "answer": 0, "words": 50}
"""

from equipoise.tasks.general_core.procedural.recall._items import draw

__all__ = ["draw"]
