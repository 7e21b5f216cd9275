"""Words from people, files, addresses and errors, as Streamlit shows them: letter by letter.

Streamlit takes nearly every text of a page for Markdown, and a name in it could fetch a stranger's picture. Only the
options of a select box, code, and what is typed or stands in a table are shown as they are.
"""

import re

from core.words import escaped

JOINER = "\u2060"  # takes no room
# What Streamlit looks for once Markdown has been read and backslashes are gone: addresses, e-mail addresses, :emoji:,
# :material/icons:, :colours[…], and -- or >= to draw as one sign.
LATER = re.compile(r":(?=\S)|@(?=\S)|(?i:www)(?=\.)|(?:\\?[<>~]|-)(?=\\?[>=-])")


def plain(text: str) -> str:
    """Markdown that Streamlit shows as this text, in one line and without characters that nobody sees."""
    return LATER.sub(rf"\g<0>{JOINER}", escaped(text))
