"""What users import from `acclimate.adapters` shows itself at work, and each head leads to the paper and its code."""

import ast
import inspect
from pathlib import Path

import pytest

from acclimate import adapters

CLASSES = sorted(set(adapters.__all__) - {"PSDMatrix"})

OURS = {"__init__", "gradient_balance", "supervised", "terms", "weighted_sum"}
"""Files that follow no paper in particular."""

FILES = [path for path in sorted(Path(str(adapters.__file__)).parent.glob("*.py")) if path.stem not in OURS]


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_has_an_example(name: str) -> None:
    found = getattr(adapters, name)
    assert inspect.isclass(found)
    assert ">>>" in str(found.__doc__)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_head_leads_to_the_paper(path: Path) -> None:
    assert "https://" in str(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
