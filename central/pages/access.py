"""Who may call which endpoint: every endpoint carries a mark, or the app refuses to start.

The mark says which roles may come in and how far they see. A view of the node door carries `@node` (it checks
the request's signature itself) or `@anyone`; a page for people who are not signed in yet carries `@visitor`;
all other pages carry `@signed_in` or `@allow(...)`. The marks are checked once at the start
(`refuse_unmarked`) and enforced for each request (`central.pages.guard`), so that a view which forgets to ask
is a start-up error, not a leak.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask

from attendance.errors import HadirError
from central.accounts import Role

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "__hadir_access__"


class Audience(StrEnum):
    """Who stands behind a request."""

    ANYONE = "anyone"
    """A machine or a person nobody knows; no session counts, so no forged form can use one."""
    VISITOR = "visitor"
    """A person who may not be signed in yet; forms are checked against forgery."""
    NODE = "node"
    """A node, known by the signature of its request; no session counts."""
    PERSON = "person"
    """A signed-in person with one of the roles of the mark."""


class Scope(StrEnum):
    """How far a person sees on this endpoint."""

    NOTHING = "nothing"
    """Nothing here belongs to a unit."""
    UNIT = "unit"
    """The address names a unit (`code`): outside the viewer's own units it does not exist (404)."""
    FILTERED = "filtered"
    """The view itself shows only what lies in the viewer's units, and answers 404 for the rest."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The access mark of one endpoint."""

    audience: Audience
    roles: frozenset[Role]
    scope: Scope

    @property
    def forms_checked(self) -> bool:
        """Whether a changing request must carry a token against forgery."""
        return self.audience in (Audience.VISITOR, Audience.PERSON)


class UnmarkedEndpointError(HadirError):
    """An endpoint says nobody may call it, and nobody may not: the app does not start like this."""


ALL_ROLES = frozenset(Role)


def _put(view: View, mark: Mark) -> View:
    setattr(view, _MARK, mark)
    return view


def anyone(view: View) -> View:
    """Mark a view that takes requests without session and signature (a claim, a nonce, a health check)."""
    return _put(view, Mark(Audience.ANYONE, frozenset(), Scope.NOTHING))


def node(view: View) -> View:
    """Mark a view of the node door; it must check the signature of the request itself."""
    return _put(view, Mark(Audience.NODE, frozenset(), Scope.NOTHING))


def visitor(view: View) -> View:
    """Mark a page for a person who may not be signed in."""
    return _put(view, Mark(Audience.VISITOR, frozenset(), Scope.NOTHING))


def signed_in(view: View) -> View:
    """Mark a page that every signed-in person may open, and that shows only what is his own."""
    return _put(view, Mark(Audience.PERSON, ALL_ROLES, Scope.NOTHING))


def allow(*roles: Role, scope: Scope) -> Callable[[View], View]:
    """Mark a page for these roles, seeing as far as `scope` says."""
    if not roles:
        raise UnmarkedEndpointError("allow() names no role")
    return lambda view: _put(view, Mark(Audience.PERSON, frozenset(roles), scope))


def mark_of(view: Callable[..., Any] | None) -> Mark | None:
    """Give the mark of a view function, or None if it has none."""
    mark = getattr(view, _MARK, None)
    return mark if isinstance(mark, Mark) else None


def refuse_unmarked(app: Flask) -> None:
    """Check that each rule of the app has a view with a mark.

    Raises:
        UnmarkedEndpointError: naming each endpoint without a mark, or with a scope its address cannot carry.
    """
    wrong = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app.view_functions.get(rule.endpoint))
        if mark is None:
            wrong.append(f"{rule.endpoint} ({rule.rule}) has no access mark")
        elif mark.scope is Scope.UNIT and "code" not in rule.arguments:
            wrong.append(f"{rule.endpoint} ({rule.rule}) is scoped by unit and names no unit")
    if wrong:
        raise UnmarkedEndpointError("; ".join(sorted(wrong)))
