"""What is described rightly by its own hashes may still contradict itself: each file that does is named."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from acclimate.framework.files.hashes import sha256
from acclimate.zoo import RegistryEntry
from acclimate.zoo.metrics import Score
from acclimate.zoo.verification import find_problems
from safetensors.numpy import load_file, save_file

from .conftest import make_model
from .test_adapted_model import rehash

Tensors = dict[str, Any]


def test_a_good_checkpoint_has_no_problems(saved: Path, entry: RegistryEntry) -> None:
    assert find_problems(saved) == find_problems(saved, entry) == find_problems(saved, sha256=entry.sha256) == []


@pytest.mark.parametrize("recipe", ["source-only", "rna-uda", "osan", "a3d2"])
def test_models_of_other_methods_are_good_as_well(recipe: str, tmp_path: Path) -> None:
    make_model(recipe).save_pretrained(tmp_path / "saved")
    assert find_problems(tmp_path / "saved") == []


def with_weights(change: Callable[[Tensors], object]) -> Callable[[Path], None]:
    """Change tensors of model.safetensors."""

    def harm(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return harm


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"PK\3\4 and so on")


def another_graph(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no graph")
    change_config(folder, lambda document: document.update(sha256=sha256(b"no graph")))


def a_strange_card(folder: Path) -> None:
    (folder / "README.md").write_bytes(b"\xff\xfe card")


def other_scores(folder: Path) -> None:
    document = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    document["tasks"] = {}
    (folder / "metrics.json").write_text(json.dumps(document), encoding="utf-8")


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    change(document)
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")


def with_config(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change what config.json says."""
    return lambda folder: change_config(folder, change)


HEAD = "heads.mood.face.weight"


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (with_weights(lambda tensors: tensors.pop(HEAD)), rf"{HEAD} is missing"),
        (with_weights(lambda t: t.update({HEAD: np.zeros((2, 9), np.float32)})), r"must have 3 rows, but has \(2, 9\)"),
        (with_weights(lambda t: t.update({HEAD: np.zeros(3, np.float32)})), r"must have 3 rows, but has \(3,\)"),
        (with_weights(lambda t: t.update({"os.system": np.zeros(1)})), "no model of acclimate has .* 'os.system'"),
        (with_weights(lambda t: t.update({"encoders.nose.a": np.zeros(1)})), "of none of the modalities face, voice"),
        (with_weights(lambda t: t.update({"fusion.a": np.zeros((0, 2))})), "'fusion.a' is empty"),
        (no_weights, "model.safetensors holds no tensors"),
        (another_graph, "model.onnx"),
        (a_strange_card, "README.md is damaged: it is not UTF-8"),
        (other_scores, "metrics.json must hold scores of mood"),
        (with_config(lambda document: document.pop("schema")), "config.json is no configuration of a checkpoint"),
        (with_config(lambda document: document.update(opset=1)), "config.json .*different configurations"),
        (with_config(lambda document: document["checkpoint"].update(format=9)), "config.json has format 9"),
        (
            with_config(lambda d: d["checkpoint"]["recipe"]["model"]["fusion"].update(class_path="os.system")),
            "config.json is no configuration of a checkpoint: .*os.system",
        ),
        (lambda folder: (folder / "pickle.pkl").write_bytes(b""), "pickle.pkl is no file of a checkpoint"),
    ],
)
def test_contradictions_are_one_line_that_names_the_file(
    harm: Callable[[Path], object], message: str, folder: Path
) -> None:
    harm(folder)
    rehash(folder)
    (problem,) = find_problems(folder)
    assert len(problem.splitlines()) == 1
    assert re.search(message, problem)
    assert str(folder) in problem


def test_several_bad_files_are_several_lines(folder: Path) -> None:
    no_weights(folder)
    a_strange_card(folder)
    rehash(folder)
    assert len(find_problems(folder)) == 2


def test_a_registry_that_says_other_things_than_the_files_is_found(saved: Path, entry: RegistryEntry) -> None:
    better = attrs.evolve(entry.tasks["mood"], target=Score(0.99, 0.99, None, 1))
    for change in ({"tasks": {"mood": better}}, {"licence": "MIT"}, {"modalities": ("face",)}):
        (problem,) = find_problems(saved, attrs.evolve(entry, **change))
        field = next(iter(change))
        assert problem == f"{entry.name}: the registry says another {field} than the checkpoint's own files."
    assert find_problems(saved, attrs.evolve(entry, embedded=True, mirrors=("https://x.example",))) == []


def test_the_pin_is_asked_before_anything_else(folder: Path, entry: RegistryEntry) -> None:
    a_strange_card(folder)
    rehash(folder)
    names = {problem.partition(" ")[0] for problem in find_problems(folder, entry)}
    assert names == {str(folder / "README.md"), str(folder / "SHA256SUMS")}
    (problem,) = find_problems(folder, sha256=entry.sha256)
    assert problem.startswith(f"{folder / 'SHA256SUMS'} is damaged or was altered")
