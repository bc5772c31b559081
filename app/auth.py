"""Who may call what: a key in the request, a scope by method and path.

Without a key every call is allowed where the service listens on loopback, or was told to let anybody in. Once
a key was created, all calls but the pages' and the health checks' need one, though it be revoked or expired:
a service never opens by itself.
"""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from app.keys import Key, KeyRing, Scope

CHALLENGE = 'Bearer realm="sjmvi"'


class Unauthorized(PermissionError):
    def __init__(self, given: bool) -> None:
        reason = "this key is not known, or no more in force" if given else "this call needs a key"
        super().__init__(f"{reason}: send one as Authorization: Bearer KEY")
        self.headers = {"WWW-Authenticate": CHALLENGE + (', error="invalid_token"' if given else "")}


class Forbidden(PermissionError):
    def __init__(self, scope: Scope) -> None:
        super().__init__(f"this key lacks the scope {scope}")
        self.headers = {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'}


@dataclass(frozen=True)
class Rule:
    """Of the paths that `path` matches in whole. A scope of None: any key will do."""

    path: str
    scope: Scope | None = None
    method: str | None = None

    def covers(self, method: str, path: str) -> bool:
        method = "GET" if method == "HEAD" else method  # the same answer, less its body
        return self.method in (None, method) and re.fullmatch(self.path, path) is not None


SCREENS = "batch|train|models|jobs|settings|docs"
OPEN = rf"/({SCREENS}|openapi\.json|favicon\.ico|livez|readyz|(static|examples)/.*)?"
PROBES = ("/livez", "/readyz", "/metrics")  # from the operator's own machines, every few seconds
RULES = (  # the first that covers a call decides
    Rule(r"/v1/?", method="GET"),
    Rule(r"/v1/(limits|models|recipes)(/.*)?", method="GET"),
    Rule(r"/v1/(translations|results)(/.*)?", Scope.TRANSLATE),
    Rule(r"/v1/datasets(/.*)?", Scope.TRAIN),
    Rule(r"/v1/jobs(/.*)?"),  # a key has its own jobs, and which it may order its scopes say
    Rule(r"[\s\S]*", Scope.ADMIN),  # what is forgotten here is closed
)


def is_open(path: str) -> bool:
    return re.fullmatch(OPEN, path) is not None


def is_called_by_users(path: str) -> bool:
    """Whether calls of it are counted, and looked at for where they come from."""
    return not is_open(path) and path not in PROBES


def scope_of(method: str, path: str) -> Scope | None:
    return next(rule.scope for rule in RULES if rule.covers(method, path))


class Gate:
    """Raises CorruptKeys wherever it is asked while the keys cannot be read: then nobody comes in."""

    def __init__(self, keys: KeyRing, open_without_keys: bool) -> None:
        self._keys, self._open_without_keys = keys, open_without_keys

    @property
    def is_closed(self) -> bool:
        return bool(self._keys.list()) or not self._open_without_keys

    def admit(self, method: str, path: str, secret: str | None) -> Key | None:
        """The caller's key, None where none is needed. Raises Unauthorized, Forbidden."""
        if is_open(path) or not self.is_closed:
            return None
        key = self._keys.find(secret) if secret else None
        if key is None:
            raise Unauthorized(given=secret is not None)
        scope = scope_of(method, path)
        if scope and not key.allows(scope):
            raise Forbidden(scope)
        return key


class Authentication:
    """Before the body is read. The caller's key, if it needs one, is then state["key"] of the request."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            key = self.gate.admit(scope["method"], scope["path"], _secret(Headers(scope=scope)))
            scope.setdefault("state", {})["key"] = key
        return await self.app(scope, receive, send)


def _secret(headers: Headers) -> str | None:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
