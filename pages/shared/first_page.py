"""The page that a browser gets first: Streamlit's own, which says here what to fetch at once and what to wait for.

Streamlit fetches the script of a kind of element when the first one is to be drawn; until then a grey bar of another
size stands there, and what is below it jumps. It fetches a font of its own for the first words, 170 kB, and draws a
page before it has the page's styles.
"""

import re
from pathlib import Path

import streamlit

STATIC = Path(streamlit.__file__).parent / "static"
INDEX = STATIC / "index.html"
FONT = "app/static/figtree-latin-wght-normal.woff2"
# Its font is ours from the beginning; a page is shown with its styles, or after eight seconds whatever comes.
STYLE = f"""<style>@font-face{{font-family:"Source Sans";font-weight:100 900;src:url(./{FONT})}}
[data-testid=stMainBlockContainer]{{visibility:hidden;animation:first-page 0s 8s forwards}}
@keyframes first-page{{to{{visibility:visible}}}}</style>"""
# Those that stand in the first screen of a page, and are small
KINDS = (
    "BidiComponent Button ButtonGroup Checkbox CustomTheme FileUploader Html ImageList NumberInput PageLink Progress"
    " Selectbox TextInput"
).split()


def dressed(page: str, scripts: Path = STATIC / "static" / "js") -> str:
    """Streamlit's page, with our font in place of its own, and with the scripts of our kinds of elements.

    Whatever this Streamlit does not have is left out: it is then fetched later, as before.
    """
    page = re.sub(r'(rel="preload"\s+href=")[^"]+\.woff2"', rf'\1./{FONT}"', page)
    known = set(re.findall(r'/static/js/([\w.-]+\.js)"', page))
    wanted = sorted(needed(scripts, KINDS) - known)
    links = (f'<link rel="modulepreload" fetchpriority="low" crossorigin href="./static/js/{name}">' for name in wanted)
    return page.replace("</head>", f"{STYLE}{''.join(links)}</head>", 1)


def needed(scripts: Path, kinds: list[str]) -> set[str]:
    """The files of these kinds of elements and of all that they import, by name."""
    found: set[str] = set()
    ahead = [path for kind in kinds for path in scripts.glob(f"{kind}.*.js")]
    while ahead:
        path = ahead.pop()
        if path.name not in found:
            found.add(path.name)
            imported = re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', path.read_text(encoding="utf-8"))
            ahead += [scripts / name for name in imported]
    return found


def named() -> list[str]:
    """The paths of the first page and of the scripts and styles that it names."""
    page = dressed(INDEX.read_text(encoding="utf-8"))
    return [str(INDEX), *(str(STATIC / path) for path in re.findall(r'"\./(static/[^"]+\.(?:js|css))"', page))]
