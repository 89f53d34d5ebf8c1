"""Checkpoints are found by what a user has, and loaded by name or from a folder, with their weights or fresh ones."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from acclimate.framework.errors import ZooError
from acclimate.zoo import AdaptedModel, RegistryEntry, create_model, list_models
from acclimate.zoo.joined_registry import joined_registry
from acclimate.zoo.registry import REGISTRY_FILE, Registry, builtin_registry
from bits import assert_same_bits, same_bits

NAME = "modfinity.moods"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, True),
        ({"pattern": "modfinity.*"}, True),
        ({"pattern": "*moods"}, True),
        ({"pattern": "Modfinity.*"}, False),
        ({"pattern": "moods"}, False),
        ({"task": "mood"}, True),
        ({"task": "classification"}, True),
        ({"task": "regression"}, False),
        ({"task": "weather"}, False),
        ({"modalities": "face"}, True),
        ({"modalities": ["face"]}, True),
        ({"modalities": ("voice", "face")}, True),
        ({"modalities": ("voice", "smell")}, False),
        ({"modalities": []}, True),
    ],
)
def test_checkpoints_are_listed_by_name_task_and_what_one_has(
    wanted: dict[str, Any], mirror: Path, *, found: bool
) -> None:
    assert (NAME in list_models(**wanted, mirrors=[str(mirror)])) is found


def test_the_list_is_sorted_and_holds_what_comes_with_the_package(mirror: Path) -> None:
    assert list_models() == sorted(builtin_registry().entries)
    assert list_models(mirrors=[str(mirror)]) == sorted([*builtin_registry().entries, NAME])


def test_the_mirrors_of_the_environment_are_listed_as_well(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / REGISTRY_FILE).write_text("{", encoding="utf-8")
    monkeypatch.setenv("ACCLIMATE_ZOO_MIRRORS", f"{tmp_path}, {mirror}")
    with caplog.at_level(logging.WARNING):
        assert NAME in list_models()
    (message,) = caplog.messages
    assert message.startswith(f"a mirror is left out: {tmp_path}/{REGISTRY_FILE} is damaged")
    with pytest.raises(ZooError, match=f"{tmp_path}/{REGISTRY_FILE} is damaged"):
        list_models(mirrors=[str(tmp_path)])


def test_the_first_mirror_that_has_a_name_decides(mirror: Path, entry: RegistryEntry, tmp_path: Path) -> None:
    other = attrs.evolve(entry, licence="MIT", embedded=True, mirrors=("https://elsewhere.example",))
    second = attrs.evolve(entry, name="osan.moods")
    registry = Registry({NAME: other, second.name: second}, {"osan.faces": second.name, "old.moods": NAME})
    (tmp_path / REGISTRY_FILE).write_text(registry.to_json(), encoding="utf-8")
    found = joined_registry([str(mirror), str(tmp_path)])
    assert found.entries[NAME] == attrs.evolve(entry, mirrors=(str(mirror),))
    assert found.find("osan.faces").mirrors == (str(tmp_path),)
    assert "old.moods" not in found.aliases
    # A mirror can neither say that its checkpoint is in our package, nor send anybody elsewhere.
    assert joined_registry([str(tmp_path)]).entries[NAME] == attrs.evolve(
        other, embedded=False, mirrors=(str(tmp_path),)
    )


def test_a_name_of_the_package_means_the_same_whatever_mirrors_say(entry: RegistryEntry, tmp_path: Path) -> None:
    builtin = builtin_registry()
    for name in builtin.entries:
        registry = Registry({name: attrs.evolve(entry, name=name)})
        (tmp_path / REGISTRY_FILE).write_text(registry.to_json(), encoding="utf-8")
        assert joined_registry([str(tmp_path)]) == builtin


@pytest.mark.parametrize("as_path", [False, True])
def test_a_model_comes_from_a_folder(adapted: AdaptedModel, saved: Path, *, as_path: bool) -> None:
    back = AdaptedModel.from_pretrained(saved if as_path else str(saved))
    assert (back.config, back.metrics) == (adapted.config, adapted.metrics)
    assert_same_weights(back.model, adapted.model)


def test_a_model_comes_by_its_name(adapted: AdaptedModel, mirror: Path, tmp_path: Path) -> None:
    back = AdaptedModel.from_pretrained(NAME, mirrors=[str(mirror)], cache_dir=tmp_path / "mine")
    assert back.config == adapted.config
    assert_same_weights(back.model, adapted.model)
    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "cache").exists()


def test_only_trusted_classes_are_made_by_name_too(mirror: Path) -> None:
    with pytest.raises(ZooError, match="must begin with one of mine"):
        AdaptedModel.from_pretrained(NAME, mirrors=[str(mirror)], trusted=("mine.",))
    with pytest.raises(ZooError, match="must begin with one of mine"):
        create_model(NAME, pretrained=False, mirrors=[str(mirror)], trusted=("mine.",))


def test_text_like_a_name_is_a_name_even_beside_a_folder(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name leads to may not depend on what lies in the current folder."""
    shutil.copytree(saved, tmp_path / NAME)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError, match=rf"no checkpoint '{NAME}'.* The folder of that name is meant by \./{NAME}"):
        AdaptedModel.from_pretrained(NAME)
    for folder in (f"./{NAME}", Path(NAME)):
        assert AdaptedModel.from_pretrained(folder).config.name == NAME


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nothing/here", {}, "nothing/here is neither a folder nor a name of the zoo"),
        ("rna-uda", {}, "rna-uda is neither a folder nor a name of the zoo"),
        ("a" * 9999, {}, "is neither a folder nor a name of the zoo"),
        ("modfinity.mods", {}, r"no checkpoint 'modfinity\.mods'"),
        (".", {"revision": "main"}, "is a folder, which has no revisions, but 'main' is given"),
        ("hf://owner", {}, r"expected hf://owner/repo.* but got 'hf://owner'"),
    ],
)
def test_what_is_no_checkpoint_is_one_error(name: str, options: dict[str, Any], message: str) -> None:
    for load in (AdaptedModel.from_pretrained, create_model):
        with pytest.raises(ZooError, match=message):
            load(name, **options)


def test_a_created_model_has_the_checkpoints_weights(adapted: AdaptedModel, mirror: Path) -> None:
    model = create_model(NAME, mirrors=[str(mirror)])
    assert not model.training
    assert_same_weights(model, adapted.model)


def test_a_fresh_model_has_the_same_architecture_and_the_weights_of_its_seed(
    adapted: AdaptedModel, saved: Path
) -> None:
    before = torch.get_rng_state()
    first, again, other = (create_model(saved, pretrained=False, seed=seed) for seed in (3, 3, 4))
    assert_same_bits(torch.get_rng_state(), before)
    assert_same_weights(first, again)
    shapes = {name: tensor.shape for name, tensor in adapted.model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in first.state_dict().items()} == shapes
    head = "heads.mood.face.weight"
    assert not same_bits(first.state_dict()[head], other.state_dict()[head])
    # conftest.py made its model of this seed, and then added .01 to each weight.
    np.testing.assert_allclose(first.state_dict()[head] + 0.01, adapted.model.state_dict()[head], atol=1e-6)
    assert first.training


def test_a_configuration_that_describes_no_model_is_refused_by_its_files_name(saved: Path, tmp_path: Path) -> None:
    from .test_adapted_model import rehash

    folder = shutil.copytree(saved, tmp_path / "copy")
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    document["checkpoint"]["encoders"] = {"smell": {"channels": 3}}
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
    rehash(folder)
    for load in (AdaptedModel.from_pretrained, create_model):
        with pytest.raises(ZooError, match=r"config\.json .*smell"):
            load(folder)


def assert_same_weights(found: torch.nn.Module, expected: torch.nn.Module) -> None:
    """Bit by bit."""
    weights = expected.state_dict()
    assert found.state_dict().keys() == weights.keys()
    for name, tensor in found.state_dict().items():
        assert_same_bits(tensor, weights[name])
