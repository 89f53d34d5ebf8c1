"""Modalities, tasks and parts may be called as attributes of torch's modules are."""

from copy import deepcopy

import attrs
import pytest
from acclimate.framework import Builder, Task, read_recipe
from acclimate.framework.data.schema import Schema
from acclimate.framework.tensors.named_modules import NamedModules
from acclimate.framework.testing import make_schema
from bits import assert_same_bits
from torch import nn

NAMES = ("type", "values", "keys", "training", "forward", "pop", "__init__", "type__", "state_dict")


def test_they_are_a_mapping_by_the_names_that_were_given() -> None:
    modules = NamedModules({name: nn.Linear(1, 1) for name in ("audio", *NAMES)})
    for found in (modules, deepcopy(modules)):
        assert list(found) == list(found.keys()) == ["audio", *NAMES]
        assert [name for name, _ in found.items()] == ["audio", *NAMES]
        assert len(found) == len(list(found.values())) == 1 + len(NAMES)
        assert [found[name] for name in found] == list(found.values())
        assert all(name in found for name in NAMES)
        assert "help" not in found
    assert modules.training is True
    removed = modules["type"]
    assert modules.pop("type") is removed
    del modules["type__"]
    modules["keys"] = nn.Identity()
    assert set(NAMES) - set(modules) == {"type", "type__"}
    assert isinstance(modules["keys"], nn.Identity)


def test_weights_are_called_as_torch_calls_them() -> None:
    modules = {"audio": nn.Linear(2, 3), "left-arm": nn.Linear(2, 3)}
    assert list(NamedModules(modules).state_dict()) == list(nn.ModuleDict(modules).state_dict())
    own, other = (NamedModules({name: nn.Linear(2, 3) for name in NAMES}) for _ in range(2))
    other.load_state_dict(own.state_dict())
    for name, tensor in own.state_dict().items():
        assert_same_bits(other.state_dict()[name], tensor)


@pytest.mark.parametrize("recipe", ["source-only", "a3d2", "boomda", "coral", "mmd", "osan", "rna-uda"])
def test_methods_are_built_for_such_names(recipe: str) -> None:
    made = make_schema()
    schema = Schema(
        dict(zip(("type", "values"), made.preprocessing.values(), strict=True)), (Task("keys", ("a", "b")),)
    )
    method = Builder(read_recipe(recipe)).build(schema)
    assert list(method.model.encoders) == ["type", "values"]


def test_so_are_those_whose_parts_have_such_names() -> None:
    recipe = read_recipe("rna-uda")
    aligners = {{"rna": "type"}.get(name, name): spec for name, spec in recipe.aligners.items()}
    method = Builder(attrs.evolve(recipe, aligners=aligners)).build(make_schema())
    assert "type" in method.aligners
