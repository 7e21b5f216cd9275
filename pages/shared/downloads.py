"""Files that are made when somebody asks for them, and that wait until the browser has fetched them.

Streamlit forgets a file made on request as soon as any two pages, of whomever, have been drawn anew. Here it stays with
its page.
"""

import threading
from collections.abc import Callable

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx


def offer(
    words: str,
    make: Callable[[], bytes],
    name: str,
    mime: str,
    key: str,
    icon: str = ":material/download:",
    **looks: str,
) -> None:
    """A button that makes a file of a name and a MIME type, and saves it. `looks` goes to Streamlit's own button."""
    asking = get_script_run_ctx()

    def made() -> bytes:
        content = make()
        if runtime.exists():
            keep = runtime.get_instance().media_file_mgr.add
            keeping = threading.Thread(target=keep, args=(content, mime, f"kept {key}", name, True))
            add_script_run_ctx(
                keeping, asking
            ).start()  # so that the file belongs to the page that asked, and goes when it goes
            keeping.join()
        return content

    st.download_button(words, made, name, mime, key=key, icon=icon, on_click="ignore", **looks)
