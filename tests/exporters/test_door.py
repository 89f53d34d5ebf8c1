"""What users import from `acclimate.exporters` shows itself at work."""

import inspect

import pytest

from acclimate import exporters

NAMES = [name for name in exporters.__all__ if inspect.isclass(getattr(exporters, name)) or name.islower()]


@pytest.mark.parametrize("name", NAMES)
def test_each_class_and_function_has_an_example(name: str) -> None:
    assert ">>>" in (inspect.getdoc(getattr(exporters, name)) or "")


def test_the_door_is_counted() -> None:
    assert set(exporters.__all__) - set(NAMES) == {"Runtime"}, "an alias has no docstring of its own"
