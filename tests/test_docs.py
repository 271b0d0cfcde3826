"""The documents name files, functions and commands; a name that is no longer true is a defect."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# `edge/sensor.py` or `edge/sensor.py::FingerprintSensor.read_finger`
NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|toml|md|html|js|css|png))(?:::([A-Za-z_.]+))?`")
LINKED = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
COMMAND = re.compile(r"\./dev ([a-z]+)")
# Files that a node or central keeps, not files of the repository.
ON_DISK = {"hadir.toml", "central.toml", "server.json", "holidays.csv"}


def defined(tree: ast.AST, dotted: str) -> bool:
    """Whether the module defines this class, function, method or constant."""
    first, _, rest = dotted.partition(".")
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == first:
            return not rest or defined(node, rest)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not rest and any(isinstance(target, ast.Name) and target.id == first for target in targets):
            return True
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_function_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    wrong = []
    for path, symbol in NAMED.findall(text):
        if path in ON_DISK:
            continue
        file = ROOT / path
        if not file.exists():
            wrong.append(path)
        elif symbol and not defined(ast.parse(file.read_text(encoding="utf-8")), symbol):
            wrong.append(f"{path}::{symbol}")
    wrong += [link for link in LINKED.findall(text) if not (document.parent / link).exists()]
    assert not wrong, f"{document.name} names what is not there: {wrong}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    front_door = (ROOT / "dev").read_text(encoding="utf-8")
    known = set(re.findall(r"^  ([a-z]+)(?: \| [a-z-]+)*\)", front_door, re.MULTILINE))
    assert {"demo", "test", "check"} <= known
    assert set(COMMAND.findall(document.read_text(encoding="utf-8"))) <= known


def test_the_straight_line_names_a_function_at_every_step() -> None:
    text = (ROOT / "docs/the-straight-line.md").read_text(encoding="utf-8")
    steps = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    assert len(steps) >= 10
    assert [step[:60] for step in steps if not any(symbol for _, symbol in NAMED.findall(step))] == []


def test_nothing_committed_names_a_registry_or_this_machine() -> None:
    """Where packages come from is the machine's own setting."""
    # Spelled in pieces, so that this file does not name them either.
    forbidden = [
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "registry.npmjs" + ".org",
        "deb.debian" + ".org",
        "/work" + "/",
    ]
    suffixes = {
        ".py",
        ".md",
        ".toml",
        ".lock",
        ".yml",
        ".yaml",
        ".cfg",
        ".ini",
        ".html",
        ".js",
        ".css",
        ".service",
    }
    skipped = {".venv", ".git", ".dev", "node_modules", "build"}
    for file in [*ROOT.rglob("*"), ROOT / "dev", ROOT / ".ci/run"]:
        if skipped & set(file.relative_to(ROOT).parts) or not file.is_file():
            continue
        if file.suffix in suffixes or file.name in {"dev", "run"}:
            text = file.read_text(encoding="utf-8", errors="replace")
            assert not [word for word in forbidden if word in text], file
