import importlib
import re
from pathlib import Path

import pytest

_GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
_NAMES = sorted(set(re.findall(r"`(attendance\.[\w.]+)`", _GLOSSARY.read_text("utf-8"))))


def test_the_glossary_points_into_the_code() -> None:
    assert len(_NAMES) > 40


@pytest.mark.parametrize("name", _NAMES)
def test_every_name_in_the_glossary_exists(name: str) -> None:
    room, module, *rest = name.split(".")
    found: object = importlib.import_module(f"{room}.{module}")
    for part in rest:
        assert hasattr(found, part), f"{name}: no {part}"
        found = getattr(found, part)
