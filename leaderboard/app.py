"""The leaderboard's pages and what stands above all of them. Started by `equipoise leaderboard`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from equipoise.leaderboard import data
from equipoise.leaderboard.views import balance, board, checkpoint, compare, method, questions, size, training

ICON = Path(__file__).parent / "icon.svg"  # a file of ours: Streamlit fetches its own icons for this place from another server
STYLE = "<style>[data-testid='stMainBlockContainer'] {padding: 2.2rem 2.5rem 3rem}</style>"

st.set_page_config(page_title="equipoise", page_icon=str(ICON), layout="wide")
st.html(STYLE)

PAGES = [
    st.Page(board.page, title="Board", icon=":material/leaderboard:", default=True),
    st.Page(balance.page, title="Balance", icon=":material/balance:", url_path="balance"),
    st.Page(training.page, title="Training", icon=":material/show_chart:", url_path="training"),
    st.Page(size.page, title="Size", icon=":material/straighten:", url_path="size"),
    st.Page(checkpoint.page, title="Checkpoint", icon=":material/description:", url_path="checkpoint"),
    st.Page(compare.page, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
    st.Page(questions.page, title="Questions", icon=":material/quiz:", url_path="questions"),
    st.Page(method.page, title="Method", icon=":material/menu_book:", url_path="method"),
]
HIDDEN = st.Page(board.page, title="Board", url_path="board", visibility="hidden")  # a link that spells the first page out
if data.needs_login() and not st.user.is_logged_in:  # without a provider Streamlit fails here, and shows nothing
    st.title("equipoise")
    st.button("Log in", on_click=st.login)
    st.stop()
st.session_state["pages"] = {page.url_path or "board": page for page in PAGES}
st.navigation([*PAGES, HIDDEN]).run()
