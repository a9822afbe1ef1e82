"""Makes the constructor of a frozen dataclass quick: a year makes millions of them.

The one that ``dataclasses`` writes goes through ``object.__setattr__`` for each field. This one
makes the new object, for as long as nobody else has it, one of a twin class with the same slots that
is not frozen. Pure. Invariants: arguments, defaults, equality, hash, text and refusal to change
are those of the dataclass; only classes with slots, without ``__post_init__``, with every field an
argument by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeVar

_Class = TypeVar("_Class")
_ABSENT: Final = object()


def quickly_made(cls: type[_Class]) -> type[_Class]:
    """The same dataclass, made quicker."""
    known = fields(cls)  # type: ignore[arg-type]  # whoever decorates it has made it one
    assert all(field.init and field.kw_only for field in known)
    assert not hasattr(cls, "__post_init__")
    names = [field.name for field in known]
    assert cls.__dict__["__slots__"] == tuple(names)
    twin = type(f"{cls.__name__}InTheMaking", (), {"__slots__": tuple(names)})
    cls.__init__ = _constructor(cls, twin, known)  # type: ignore[method-assign]  # that is its purpose
    return cls


def _constructor(
    cls: type[object], twin: type[object], known: tuple[Field[Any], ...]
) -> Callable[..., None]:
    given = {f"_default_{field.name}": _default(field) for field in known}
    made = {
        f"_make_{field.name}": field.default_factory
        for field in known
        if field.default_factory is not MISSING
    }
    arguments = ", ".join(
        field.name if _default(field) is MISSING else f"{field.name}=_default_{field.name}"
        for field in known
    )
    lines = [f"def __init__(self, *, {arguments}):", " _become(self, _twin)"]
    for field in known:
        name = field.name
        if f"_make_{name}" in made:
            lines.append(f" self.{name} = _make_{name}() if {name} is _absent else {name}")
        else:
            lines.append(f" self.{name} = {name}")
    lines.append(" self.__class__ = _cls")
    space: dict[str, Any] = {
        **given,
        **made,
        "_absent": _ABSENT,
        "_become": object.__dict__["__class__"].__set__,
        "_twin": twin,
        "_cls": cls,
        "__name__": cls.__module__,
    }
    exec("\n".join(lines), space)  # noqa: S102 - as dataclasses does; only names of fields enter
    constructor: Callable[..., None] = space["__init__"]
    constructor.__qualname__ = f"{cls.__qualname__}.__init__"
    return constructor


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else _ABSENT
