"""Whose calls a service without keys takes: not those that another site's page has a browser make.

Any page can have its visitor's browser write to an address of this machine; it cannot read the answer, but
by then all is done (cross-site request forgery). A page whose owner lets its own name lead to this machine
reads as well (DNS rebinding). So a write must not come from another origin, and no call may use a name that
is not known to be the service's. Keys settle both: a browser sends none for a page that has none.

Fetch metadata: https://www.w3.org/TR/fetch-metadata/. X-Forwarded-Host is not asked: who rebinds can set it,
and behind a TLS proxy a browser says same-origin, whatever name the proxy calls.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth import is_called_by_users

SAFE = ("GET", "HEAD", "OPTIONS")
OWN = ("same-origin", "none")  # none: no page, its user alone
ANY = "*"
PRIVATE = ("local", "internal")  # domains that the public DNS never has
MAX_SHOWN = 100


class UnknownHost(ValueError):
    def __init__(self, host: str) -> None:
        super().__init__(
            f"without keys this service is not reached as {host[:MAX_SHOWN]!r}: call it by its address or as "
            "localhost, or give it that name with SJMVI_ALLOWED_HOSTS"
        )


class CrossOrigin(PermissionError):
    def __init__(self, origin: str) -> None:
        super().__init__(
            f"a page from {origin[:MAX_SHOWN]!r} may change nothing here without a key: if it is this "
            "service's own behind a proxy, give the proxy's name with SJMVI_ALLOWED_HOSTS"
        )


@dataclass(frozen=True)
class HostNames:
    """What it is called: by its addresses, localhost, where it listens, and those given, * for any name.

    One that is there for a network is also reached by the names which only a network's own DNS can have.
    """

    given: frozenset[str]
    listens_at: str
    is_on_network: bool

    def include(self, name: str) -> bool:
        if {ANY, name} & self.given or name == self.listens_at or _is_address(name):
            return True
        *parents, top = name.split(".")
        return top == "localhost" or (self.is_on_network and bool(top) and (top in PRIVATE or not parents))


class SameOrigin:
    """Behind the authentication: a call that came without a key and needs none is looked at here."""

    def __init__(self, app: ASGIApp, names: HostNames) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_called_by_users(scope["path"]) and scope["state"]["key"] is None:
            self._check(scope["method"], Headers(scope=scope))
        return await self.app(scope, receive, send)

    def _check(self, method: str, headers: Headers) -> None:
        """Raises UnknownHost, CrossOrigin."""
        host = headers.get("host", "")
        if host and not self.names.include(_name(host)):  # no browser leaves it out
            raise UnknownHost(host)
        if method not in SAFE and not self._is_own(headers, host):
            raise CrossOrigin(headers.get("origin", "another site"))

    def _is_own(self, headers: Headers, host: str) -> bool:
        """Not sent by a browser, or by one that shows a page of ours."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in OWN or (site is None and origin is None):
            return True
        address = (origin or "").partition("://")[2]
        return (site is None and address.lower() == host.lower()) or _name(address) in self.names.given


def _name(host: str) -> str:
    """Without its port, in lower case. Empty where it cannot be read."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
