"""An adapted model comes back from its folder as it was, and one that was changed does not come back at all."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from acclimate.exporters import Session
from acclimate.framework.errors import ZooError
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.folder import format_hashes, open_folder
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS
from bits import assert_same_bits

from .conftest import make_model


def rehash(folder: Path) -> None:
    """What a stranger would do who altered a file: describe it anew."""
    import hashlib

    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in SIZE_LIMITS}
    (folder / HASHES_FILE).write_text(format_hashes(hashes), encoding="ascii")


def test_what_is_saved_comes_back(adapted: AdaptedModel, saved: Path) -> None:
    back = AdaptedModel.from_folder(saved)
    assert (back.config, back.metrics) == (adapted.config, adapted.metrics)
    assert not back.model.training
    expected = adapted.model.state_dict()
    assert back.model.state_dict().keys() == expected.keys()
    for name, tensor in back.model.state_dict().items():
        assert_same_bits(tensor, expected[name])


def test_the_folder_is_an_artefact_as_well(adapted: AdaptedModel, saved: Path) -> None:
    session = Session(saved)
    inputs = {"face": np.ones((2, 3), np.float32), "voice": np.full((2, 5), -1.0, np.float32)}
    with torch.no_grad():
        logits = adapted.model(
            {name: torch.from_numpy(values) for name, values in inputs.items()}, torch.ones(2, 2) > 0
        )
    np.testing.assert_allclose(session.run(inputs)["logits"], logits.logits["mood"]["joint"], atol=1e-5, rtol=1e-4)
    assert session.predict({"voice": np.zeros(5)}).labels["mood"] in {"bad", "good", "none"}


def test_hashes_are_as_other_tools_read_them(saved: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", HASHES_FILE], cwd=saved, check=True, capture_output=True)  # noqa: S607
    assert {path.name for path in saved.iterdir()} == {*SIZE_LIMITS, HASHES_FILE}


def test_the_card_says_what_it_can_and_cannot(saved: Path) -> None:
    _, head, text = (saved / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    found = yaml.safe_load(head)
    assert (found["license"], found["library_name"]) == ("apache-2.0", "acclimate")
    values = {row["metrics"][0]["name"]: row["metrics"][0]["value"] for row in found["model-index"][0]["results"]}
    assert values == pytest.approx({"mood: source": 0.6, "mood: target (oracle)": 0.5})
    assert "| fused | 0.600 | 0.500 (0.450 ± 0.050, 3 seeds) |" in text
    assert "worse than training on the source alone (mood)" in text  # .5 against .6


def test_a_folder_that_holds_something_is_left_alone(adapted: AdaptedModel, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ZooError, match="is not empty: give another folder"):
        adapted.save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interrupted_save_leaves_nothing(
    adapted: AdaptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("acclimate.zoo.adapted_model.format_hashes", fail)
    with pytest.raises(ZooError, match="cannot be written: No space left on device"):
        adapted.save_pretrained(tmp_path / "new")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*SIZE_LIMITS, HASHES_FILE])
def test_every_altered_or_missing_file_is_named(name: str, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ZooError):
        AdaptedModel.from_folder(folder)
    (folder / name).unlink()
    with pytest.raises(ZooError, match=f"{name} cannot be read: No such file or directory"):
        AdaptedModel.from_folder(folder)


def add_a_file(folder: Path) -> None:
    (folder / "setup.py").write_text("print()", encoding="utf-8")


def link_a_file(folder: Path) -> None:
    (folder / "README.md").rename(folder.parent / "card")
    (folder / "README.md").symlink_to(folder.parent / "card")


def name_a_foreign_file(folder: Path) -> None:
    with (folder / HASHES_FILE).open("a", encoding="ascii") as file:
        file.write(f"{'0' * 64}  ../card\n")


def bloat_the_metrics(folder: Path) -> None:
    (folder / "metrics.json").write_bytes(b" " * (SIZE_LIMITS["metrics.json"] + 1))
    rehash(folder)


def drop_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors[min(tensors)]
    save_file(tensors, folder / "model.safetensors")
    rehash(folder)


def no_tensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"PK\3\4")
    rehash(folder)


def with_config(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    """Change what config.json says of the checkpoint, and describe it anew."""

    def harm(folder: Path) -> None:
        document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        change(document["checkpoint"])
        (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
        rehash(folder)

    return harm


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (add_a_file, r"setup\.py is no file of a checkpoint"),
        (link_a_file, r"README\.md must be a regular file"),
        (name_a_foreign_file, r"SHA256SUMS, line 6: expected a SHA-256 and a file of a checkpoint"),
        (bloat_the_metrics, r"metrics\.json may have 4194304 bytes at most, but has 4194305"),
        (drop_a_weight, r"model\.safetensors: weight .* is missing"),
        (no_tensors, r"model\.safetensors holds no tensors"),
        (with_config(lambda own: own.update(format=2)), r"config\.json has format 2"),
        (with_config(lambda own: own.update(name="../x")), r"config\.json is no .*method\.tag .* but got '\.\./x'"),
        (with_config(lambda own: own.pop("licence")), r"config\.json is no configuration of a checkpoint: .*licence"),
        (with_config(lambda own: own.update(samples={"source": "many"})), r"config\.json is no .*a whole number"),
        (
            with_config(lambda own: own["recipe"]["model"]["fusion"].update(class_path="os.system")),  # type: ignore[index]
            r"config\.json is no .*must begin with one of acclimate\.",
        ),
        (
            with_config(lambda own: own.update(encoders={"face": {"backbone": {"class_path": "os.system"}}})),
            r"config\.json is no .*encoders: .*must begin with one of acclimate\.",
        ),
    ],
)
def test_a_harmed_checkpoint_is_refused_in_one_line(harm: Callable[[Path], None], message: str, folder: Path) -> None:
    harm(folder)
    with pytest.raises(ZooError, match=message) as raised:
        AdaptedModel.from_folder(folder)
    assert "\n" not in str(raised.value)


def test_what_is_read_has_the_hash_even_if_it_changed_since(folder: Path) -> None:
    files = open_folder(folder)
    (folder / "metrics.json").write_bytes(b"{}")
    with pytest.raises(ZooError, match="damaged or was altered"):
        files.read("metrics.json")


def test_only_trusted_classes_are_made(saved: Path) -> None:
    with pytest.raises(ZooError, match="must begin with one of mine"):
        AdaptedModel.from_folder(saved, trusted=("mine.",))


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("recipe", ["source-only", "osan", "a3d2"])
def test_models_of_other_methods_come_back(recipe: str, tmp_path: Path) -> None:
    adapted = make_model(recipe)
    adapted.save_pretrained(tmp_path / "saved")
    back = AdaptedModel.from_folder(tmp_path / "saved")
    for name, tensor in adapted.model.state_dict().items():
        assert_same_bits(tensor, back.model.state_dict()[name])
