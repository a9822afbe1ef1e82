"""A quickly made dataclass is the dataclass: arguments, defaults, equality, refusal to change."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from bitgrid_core.frozen import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """As the standard library makes it."""

    name: str
    level: int = 3
    parts: dict[str, int] = field(default_factory=dict)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same, quickly made."""

    name: str
    level: int = 3
    parts: dict[str, int] = field(default_factory=dict)


def test_values_are_those_of_the_dataclass() -> None:
    """Given, default and freshly made values, in text, comparison and copies."""
    quick, plain = Quick(name="a"), Plain(name="a")
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert quick == Quick(name="a", level=3, parts={})
    assert quick != Quick(name="b")
    assert quick.parts is not Quick(name="a").parts
    assert type(quick) is Quick
    for copied in (copy.deepcopy(quick), pickle.loads(pickle.dumps(quick)), replace(quick)):
        assert copied == quick
    assert replace(quick, level=4) == Quick(name="a", level=4)


def test_nothing_can_be_changed_or_added() -> None:
    """What is made stays as it is."""
    quick = Quick(name="a")
    with pytest.raises(FrozenInstanceError):
        quick.level = 4  # type: ignore[misc]  # that it is refused is what is tested
    with pytest.raises(FrozenInstanceError):
        del quick.name
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        quick.colour = "red"  # type: ignore[attr-defined]  # the same


@pytest.mark.parametrize("words", [{}, {"name": "a", "colour": "red"}])
def test_wrong_arguments_are_refused(words: dict[str, str]) -> None:
    """A missing or an unknown argument is an error that names it."""
    with pytest.raises(TypeError, match=r"name|colour"):
        Quick(**words)  # type: ignore[arg-type]  # values of any kind
    with pytest.raises(TypeError, match="positional"):
        Quick("a")  # type: ignore[call-arg]  # that it is refused is what is tested


def test_hash_is_that_of_the_values() -> None:
    """Equal values hash alike, as keys of a dictionary must."""

    @quickly_made
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Key:
        """Hashable."""

        one: int

    assert hash(Key(one=1)) == hash(Key(one=1))
    assert len({Key(one=1), Key(one=1), Key(one=2)}) == 2


def test_class_that_checks_itself_is_refused() -> None:
    """A ``__post_init__`` would not be called, so such a class stays as it is."""
    with pytest.raises(AssertionError):

        @quickly_made
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Checked:
            """Checks itself."""

            one: int

            def __post_init__(self) -> None:
                raise AssertionError
