"""The checkout as the tidy tests see it: members, files, syntax trees."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = ("core", "appliance", "mirror-agent", "research", "image-build")
TESTS = ROOT / "tests"


def package(member: str) -> str:
    """The import name of a member: mirror-agent is bitgrid_mirror_agent."""
    return "bitgrid_" + member.replace("-", "_")


def sources(member: str) -> list[Path]:
    """Every Python file that a member ships."""
    return sorted((ROOT / member / "src").rglob("*.py"))


def all_sources() -> list[Path]:
    """Every Python file that any member ships."""
    return [path for member in MEMBERS for path in sources(member)]


def all_tests() -> list[Path]:
    """Every Python file under tests."""
    return sorted(TESTS.rglob("*.py"))


def module_name(path: Path) -> str:
    """The dotted name of a file below some src directory; a package is named without __init__."""
    parts = list(path.with_suffix("").parts)
    parts = parts[parts.index("src") + 1 :]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    folders = [ROOT / name for name in ("docs", "tests", "requirements", *MEMBERS)]
    return sorted([*ROOT.glob("*.md"), *(page for f in folders for page in f.rglob("*.md"))])


def relative(path: Path) -> str:
    """The path as one would type it at the root."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a file, nested ones too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(path: Path) -> set[str]:
    """Every dotted name that a file imports; `from a import b` gives both a and a.b."""
    return _imported(ast.walk(parsed(path)))


def imports_for_types(path: Path) -> set[str]:
    """What a file imports only for the type checker, under `if TYPE_CHECKING:`."""
    blocks = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.If)]
    guarded = [n for n in blocks if isinstance(n.test, ast.Name) and n.test.id == "TYPE_CHECKING"]
    return _imported(node for block in guarded for node in ast.walk(block))


def _imported(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def texts(path: Path) -> set[str]:
    """Every string literal in a file."""
    nodes = ast.walk(parsed(path))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
