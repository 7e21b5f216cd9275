"""Pages without Streamlit, for who cannot or may not see one of its own: a title, a sentence and a link or a form.

They work without scripts, and follow the browser's choice of light and dark.
"""

import html
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Scope

from core.language import LANGUAGES, current, nearest

LONGEST = 200  # characters of a browser's wishes that are looked at
STYLE = """
:root{color-scheme:light dark}
body{margin:0;background:#faf7f2;color:#1d1a16;
font:17px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif}
main{max-width:30rem;margin:0 auto;padding:12vh 20px 40px}
h1{font-size:2rem;line-height:1.15;margin:0 0 .6rem}
a{color:#9a3412}
label{display:block;font-weight:600;margin-top:1.2rem}
input,button{min-height:2.75rem}
input{box-sizing:border-box;width:100%;font:inherit;padding:.6rem .8rem;margin:.35rem 0 .9rem;color:inherit;
background:#fff;border:1px solid #8a8177;border-radius:10px}
button{font:inherit;font-weight:600;padding:.6rem 1.1rem;border:0;border-radius:10px;background:#c2410c;color:#fff}
:focus-visible{outline:3px solid #c2410c;outline-offset:2px}
[role=alert]{font-weight:600}
@media (prefers-color-scheme:dark){body{background:#14120f;color:#f3eee6}a{color:#fdba74}
input{background:#211d19;border-color:#8a8177}button{background:#cf4a14}:focus-visible{outline-color:#fdba74}}
"""


def language_of(scope: Scope) -> str:
    """The language of who sends a request: the one in its address, or what the browser wishes most of ours."""
    chosen = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[0]
    if chosen in LANGUAGES:
        return chosen
    rows = (each.partition(";q=") for each in Headers(scope=scope).get("accept-language", "")[:LONGEST].split(","))
    wishes = sorted(((wish.strip(), _weight(weight)) for wish, _sign, weight in rows), key=lambda row: -row[1])
    return nearest([wish for wish, _number in wishes])


def _weight(text: str) -> float:
    """How much a language is wished for, from 0 to 1; all of it where nothing is said."""
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def plain_page(title: str, content: str, status: int, **headers: str) -> HTMLResponse:
    """A page in the language that is spoken: its title, and what stands below it, which is HTML.

    It is never kept; `headers` are added to its own.
    """
    page = (
        f'<!DOCTYPE html><html lang="{current().replace("_", "-")}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)} · Fitting Room</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{content}</main></body></html>"
    )
    return HTMLResponse(page, status, {"Cache-Control": "no-store", **headers})


def start_from(path: str) -> str:
    """The app's first page as a link from an address of it, which also a proxy that adds to addresses leaves right."""
    return "../" * (path.count("/") - 1) or "./"
