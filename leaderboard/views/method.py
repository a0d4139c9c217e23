"""How the scores are made, in one page."""

from __future__ import annotations

import streamlit as st

TEXT = """
**D, the domain score**, is the mean question score of the rubric tasks: points of met criteria ÷ positive points, unclipped, so that harm can push it
below zero. Tasks that `series.yaml` calls *domain* count as shares above chance.

**G, the general score**, is the unweighted mean over abilities of (m − c) ÷ (1 − c): the metric m above its chance level c. 0 is guessing, 1 is perfect.
A task whose chance level or direction is not known is in neither, and listed in the sidebar.

**Balance** is √(max(D, 0) · max(G, 0)): rescaling an axis cannot change the order. The board is in the order of verdict, then balance.

**Verdict**: a checkpoint against its base, on the tests that both took: the same task, version, shots, metric and documents. *No collapse*: the one-sided 95 % lower bound of ΔG lies above −margin. *Collapse*: the upper bound lies below
it. *Inconclusive*: neither is shown; that is not the same as no loss. Where both runs have their samples the difference is taken document by document (on boards of at most 40 checkpoints with a base);
without samples it is that of two independent means, which is wider. *Unknown*: no base here, or an error that its file does not have.
Where general tasks of the base were not compared, no verdict is better than inconclusive. Ranks and the Pareto front are among checkpoints with the same tests.

**Intervals** are 95 %, Student's t. A missing error is unknown: it is drawn as no bar, never as zero. They are about these questions and
documents; training noise is not in them. Several seeds of a recipe tell about that, on the Compare page and in `equipoise compare`.

**Fitted lines** are least squares over log size, shown only for four or more sizes and a slope whose interval leaves out zero.

**Files are the truth.** This page reads results of lm-eval (0.3 and 0.4), lighteval and equipoise, and writes nothing into their folder. Of several runs of one checkpoint and task that
of most documents counts, then that with the settings of most checkpoints, then the newest; the others are listed. What a file does not say, a `series.yaml` in the folder can:
"""
SERIES = """checkpoints:                     # name patterns; later lines win
  "pythia-1.4b*": {size: 1.4b, series: pythia-1.4b, base: pythia-1.4b@step0}
  "mix20-*": {mix: {domain: 0.2, general: 0.8}}
roles:                           # patterns of tasks or abilities
  "mmlu_marketing": domain
  "crows_pairs_*": ignore
"""


def page() -> None:
    """Text only."""
    st.title("Method")
    st.markdown(TEXT)
    st.code(SERIES, language="yaml")
