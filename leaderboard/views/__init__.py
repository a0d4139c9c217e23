"""One module per page: widgets and calls; every number comes from frames, every picture from figures.

Not called `pages`: Streamlit would take every file of such a folder for a page of its own.
"""
