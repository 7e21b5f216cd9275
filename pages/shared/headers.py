"""The headers of every answer: what a browser may load on our pages, and how it keeps the cookies it is given.

A second wall: no page shows a stranger's words as HTML; if one did, a browser would still load and run nothing of it
from elsewhere.
"""

import base64
import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.language import N_, _, using
from pages.shared.first_page import INDEX
from pages.shared.plain import language_of

HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-f:]+\](:\d+)?", re.ASCII | re.IGNORECASE)
FEATURES = (
    "accelerometer",
    "autoplay",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ", ".join(["camera=(self)", *(f"{feature}=()" for feature in FEATURES)]),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
WRONG = N_("Something went wrong in the app. Reload the page.")


class HeadersMiddleware:
    """Adds the headers to each answer; the outermost, so that no answer of another goes without."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.scripts = " ".join(map(script_hash, scripts_in(INDEX.read_text(encoding="utf-8"))))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; add the headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        policy, encrypted = content_policy(asked.get("host", ""), self.scripts), is_encrypted(scope)
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.update({**FIXED, "Content-Security-Policy": policy})
                message["headers"] = [
                    (name, harden(value.decode("latin-1"), encrypted).encode("latin-1"))
                    if name.lower() == b"set-cookie"
                    else (name, value)
                    for name, value in message["headers"]
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:  # the server would answer it itself, without headers; it still writes the log
            if not begun:
                with using(language_of(scope)):
                    answer = PlainTextResponse(_(WRONG), 500)
                await answer(scope, receive, send_with_headers)
            raise


def content_policy(host: str, scripts: str) -> str:
    """The Content-Security-Policy of an answer from a host, with the hashes of the scripts that stand in a page.

    Blobs are scripts because Streamlit loads `curve.js` from one, and WebAssembly because it counts long numbers in it;
    it reads a photo of the camera from a `data:` address, which reaches nobody. `'self'` covers our WebSockets only in
    newer browsers, Safari from 15.4 on; for a school's older tablets they are named.
    """
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {scripts}".rstrip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "blob:",
        "connect-src": f"'self' data:{sockets}",
        "object-src": "'none'",
        "frame-src": "'none'",
        "frame-ancestors": "'self'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def scripts_in(page: str) -> list[str]:
    """The scripts that stand in an HTML page itself."""
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def script_hash(script: str) -> str:
    """A script as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def is_encrypted(scope: Scope) -> bool:
    """Whether a browser came by HTTPS, as far as the server or the proxy before it says so.

    Anybody can say so; use it only to make a cookie stricter.
    """
    told = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in (scope["scheme"], told)


def harden(cookie: str, encrypted: bool) -> str:
    """A `Set-Cookie` header that is sent along by no other site, and only encrypted to who came so."""
    named = {part.partition("=")[0].strip().lower() for part in cookie.split(";")[1:]}
    cookie += "" if "samesite" in named else "; SameSite=Lax"
    return cookie + ("; Secure" if encrypted and "secure" not in named else "")
