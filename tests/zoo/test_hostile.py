"""Checkpoints that were made with ill intent, with right hashes: nothing is run, fetched or allocated for them."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from acclimate.exporters import Session
from acclimate.framework.errors import ExportError, ZooError
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.runs.training import Training
from bits import same_bits
from safetensors.torch import load_file, save_file

from .conftest import make_model
from .mutations import rehash


def change_json(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    change(document)
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    rehash(folder)


def refuse(folder: Path, message: str) -> None:
    with pytest.raises(ZooError, match=message) as raised:
        AdaptedModel.from_folder(folder)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000


ENCODERS = "acclimate.framework.encoders."
LARGE: dict[str, tuple[str, dict[str, object], str]] = {
    "a wide layer": ("MLP", {"hidden": [10**9]}, "too large for its weights: empty would take"),
    "many layers": ("MLP", {"hidden": [2] * 10**5}, "too large for its weights: empty would take"),
    "an output": ("MLP", {"out_features": 10**12}, "too large for its weights: empty would take"),
    "beyond 64 bits": ("MLP", {"out_features": 2**62}, "describes no model"),
    "a vocabulary": ("TextCNN", {"vocabulary_size": 10**10, "padding_id": 0}, "too large for its weights"),
    "a spectrogram": ("LogMelCNN", {"sampling_rate": 10**7}, "too large for its weights: mul would take"),
    "a recurrent layer": ("LSTM", {"in_features": 3, "hidden": 10**6}, "describes"),
    "sets of frames": ("TemporalRelationNetwork", {"in_features": 3, "segments": 40}, "at most 20"),
    "halvings": ("SignalResNet", {"in_channels": 3, "depth": 10**9}, "at most 64"),
}


@pytest.mark.parametrize(("name", "arguments", "message"), LARGE.values(), ids=LARGE)
def test_a_model_that_is_too_large_is_not_made(
    name: str, arguments: dict[str, object], message: str, folder: Path
) -> None:
    spec = {"class_path": f"{ENCODERS}{name}", "init_args": arguments}
    change_json(
        folder, "config.json", lambda found: found["checkpoint"]["recipe"]["model"].update(encoders={"face": spec})
    )
    refuse(folder, f"config.json describes (no|a) model.*{message}" if "describes" not in message else message)


def test_nor_is_what_a_method_remembers_of_too_many_samples(folder: Path) -> None:
    change_json(folder, "config.json", lambda found: found["checkpoint"].update(samples={"target": 10**12}))
    assert AdaptedModel.from_folder(folder).config.samples == {"target": 10**12}


def test_what_only_trains_a_model_is_not_made(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A class of the publisher's own, which is trusted and not here, and one that would say that it was imported.
    (tmp_path / "loud_method.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    aligners = {name: {"class_path": f"{name}_method.Loss", "init_args": {}} for name in ("absent", "loud")}
    change_json(folder, "config.json", lambda found: found["checkpoint"]["recipe"].update(aligners=aligners))
    refuse(folder, r"config\.json .*must begin with one of .*but got 'absent_method\.Loss'")
    adapted = AdaptedModel.from_folder(folder, trusted=("acclimate.", "torch.optim.", "absent_method.", "loud_method."))
    assert list(adapted.config.recipe.aligners) == ["absent", "loud"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            {"kind": "audio", "sampling_rate": 8000, "samples": 10**12},
            "may have 67108864 values, but has 1000000000000",
        ),
        ({"kind": "audio", "sampling_rate": 10**9, "samples": 10}, "sampling_rate may be 16777216 Hz"),
        ({"kind": "image", "height": 10**6, "width": 10**6, "mean": [0.0], "std": [1.0]}, "may have 67108864 values"),
    ],
)
def test_preprocessing_that_fills_memory_is_refused_by_all(part: dict[str, object], message: str, folder: Path) -> None:
    change_json(folder, "config.json", lambda found: found["schema"]["preprocessing"].update(face=part))
    refuse(folder, f"config.json is no configuration of a checkpoint: .*{message}")


@pytest.mark.parametrize(
    "arguments",
    [
        {"pretrained": "/etc/passwd", "model_name": "resnet18"},
        {"pretrained": True, "model_name": "resnet18"},
        {"front_end": f"{{class_path: {ENCODERS}TimmImage, init_args: {{pretrained: yes}}}}"},
        {"a.pretrained": "x"},
    ],
)
@pytest.mark.parametrize("key", ["model.encoders", "parts"])
def test_no_other_weights_are_read_or_fetched(key: str, arguments: dict[str, object], folder: Path) -> None:
    spec = {"class_path": f"{ENCODERS}TimmImage", "init_args": arguments}

    def change(document: Any) -> None:  # noqa: ANN401 - JSON
        recipe = document["checkpoint"]["recipe"]
        (recipe if key == "parts" else recipe["model"])[key.rpartition(".")[2]]["face"] = spec

    change_json(folder, "config.json", change)
    refuse(
        folder, r"config\.json describes no model: .*face: pretrained must be null where weights come from strangers"
    )


def test_no_consensus_is_read(folder: Path) -> None:
    spec = {"class_path": "acclimate.adapters.ConsensusTeacher", "init_args": {"consensus": "/etc/passwd"}}
    change_json(folder, "config.json", lambda found: found["checkpoint"]["recipe"].update(selector=spec))
    refuse(folder, r"config\.json is no configuration of a checkpoint: selector: consensus must be null where weights")


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (float("nan"), None, "holds NaN or infinity"),
        (float("-inf"), None, "holds NaN or infinity"),
        (1.0, torch.float64, "must be of torch.float32, but is of torch.float64"),
        (1.0, torch.int8, "must be of torch.float32, but is of torch.int8"),
        (1.0, torch.float8_e4m3fn, "must be of torch.float32, but is of torch.float8_e4m3fn"),
    ],
)
def test_weights_of_odd_values_or_types_are_refused(
    value: float, kind: torch.dtype | None, message: str, folder: Path
) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = max(tensors)
    tensors[name].view(-1)[0] = value
    tensors[name] = tensors[name].to(kind)
    save_file(tensors, folder / "model.safetensors")
    rehash(folder)
    refuse(folder, rf"model\.safetensors: weight .*{message}")


@pytest.mark.parametrize("size", [0, 2, 10**8, 2**63, 2**64 - 1])
def test_weights_with_a_wrong_header_are_refused(size: int, folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", size) + path.read_bytes()[8:])
    rehash(folder)
    refuse(folder, r"model\.safetensors holds no tensors")


def test_a_model_with_such_weights_is_not_saved(tmp_path: Path) -> None:
    adapted = make_model("source-only")
    with torch.no_grad():
        next(iter(adapted.model.parameters())).view(-1)[0] = float("nan")
    with pytest.raises(ZooError, match="holds NaN or infinity"):
        adapted.save_pretrained(tmp_path / "new")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x9b2J", "\u202egnp.exe", "a\rb", "\u2028"])
def test_control_characters_are_refused_in_every_text(text: str, saved: Path, tmp_path: Path) -> None:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(saved, tmp_path / name))

    change_json(copy("a"), "config.json", lambda found: found["checkpoint"]["trained_on"].update(data=text))
    refuse(tmp_path / "a", "config.json .*holds the control character")
    change_json(copy("b"), "config.json", lambda found: found["schema"]["tasks"][0]["classes"].append(text))
    refuse(tmp_path / "b", "config.json .*holds the control character")
    change_json(copy("c"), "metrics.json", lambda found: found.update(chosen_among=text))
    refuse(tmp_path / "c", "metrics.json holds the control character")
    with (copy("d") / "README.md").open("a", encoding="utf-8", newline="") as card:
        card.write(text)
    rehash(tmp_path / "d")
    refuse(tmp_path / "d", "README.md holds the control character")


def test_a_card_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "README.md").write_bytes(b"\xff\xfe")
    rehash(folder)
    refuse(folder, r"README\.md is damaged: it is not UTF-8")


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999"])
def test_scores_that_are_no_numbers_are_refused(value: str, folder: Path) -> None:
    change_json(folder, "metrics.json", lambda found: found["selection"].update(entropy=value))
    refuse(folder, r"metrics\.json holds no metrics of a checkpoint")


def test_what_two_programs_would_read_differently_is_refused_by_all(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text(encoding="utf-8").replace("{", '{"form": "mask", ', 1), encoding="utf-8")
    rehash(folder)
    refuse(folder, r"config\.json is damaged: it is no JSON: the key 'form' stands there twice")
    with pytest.raises(ExportError, match=r"config\.json is damaged: the key 'form' stands there twice"):
        Session(folder)


@pytest.mark.parametrize("name", ["config.json", "model.onnx"])
def test_a_session_reads_no_file_that_is_too_large(name: str, folder: Path) -> None:
    with (folder / name).open("wb") as file:
        file.truncate(2**35)  # Takes no room on the disk.
    with pytest.raises(ExportError, match=f"More than .* bytes: .*{name}"):
        Session(folder)


def test_without_a_pin_a_folder_is_safe_but_nobody_knows_whose_it_is(folder: Path, adapted: AdaptedModel) -> None:
    """Whoever changes weights and hashes is found out by the registry's hash alone."""
    tensors = load_file(folder / "model.safetensors")
    name = max(tensors)
    tensors[name] += 1
    save_file(tensors, folder / "model.safetensors")
    rehash(folder)
    opened = AdaptedModel.from_folder(folder)
    assert not same_bits(opened.model.state_dict()[name], adapted.model.state_dict()[name])


def test_training_again_reads_no_table_that_only_the_checkpoint_names(adapted: AdaptedModel) -> None:
    """Its data set is `moods.csv`, which would be looked for in the current folder."""
    with pytest.raises(ZooError, match=r"'moods\.csv', which is no built-in data set: give its table"):
        Training.of_checkpoint(adapted.config)
    assert Training.of_checkpoint(adapted.config, "mine.csv").data == "mine.csv"


@pytest.mark.parametrize("threads", [0, 10**9])
def test_nor_does_it_start_that_many_threads(threads: int, folder: Path) -> None:
    change_json(folder, "config.json", lambda found: found["checkpoint"]["machine"].update(threads=threads))
    refuse(folder, r"config\.json is no configuration of a checkpoint: .*threads")
