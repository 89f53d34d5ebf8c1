"""Sessions: what they say, what they refuse, and that they need no torch."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
from acclimate.exporters.ports import Port
from acclimate.exporters.session import Session
from acclimate.exporters.source import decode_source
from acclimate.framework import DataError, ExportError
from bits import assert_same_bits
from numpy.typing import NDArray
from PIL import Image

from .conftest import Exported


@pytest.fixture(scope="module")
def session(recordings: Exported) -> Session:
    """One session for all."""
    return Session(recordings.folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sample's files, by modality."""
    generator, folder = np.random.default_rng(0), tmp_path_factory.mktemp("files")
    soundfile.write(folder / "tone.wav", 0.5 * np.sin(np.arange(350) / 5), 8000)
    Image.fromarray(generator.integers(0, 256, (12, 10), dtype=np.uint8)).save(folder / "scan.png")
    np.save(folder / "move.npy", generator.standard_normal((25, 2)))
    return {"audio": folder / "tone.wav", "image": folder / "scan.png", "wrist-left": folder / "move.npy"}


def test_session_knows_its_artefact(session: Session, recordings: Exported) -> None:
    assert session.modalities == ("audio", "image", "wrist-left")
    assert session.tasks == recordings.model.tasks
    assert session.schema == recordings.schema
    assert session.provider == "CPUExecutionProvider"
    assert session.config.recipe == "rna"
    assert session.config.metadata == {"seed": 3, "note": "groß"}


def test_prediction_from_files_is_what_torch_says(
    session: Session, recordings: Exported, files: dict[str, Path]
) -> None:
    prediction = session.predict(files)
    decoded = {"audio": soundfile.read(files["audio"], dtype="float32")[0], "wrist-left": np.load(files["wrist-left"])}
    inputs = {
        "audio": np.pad(decoded["audio"], (0, 50))[np.newaxis],
        "image": session._prepare("image", files["image"]).values[np.newaxis],  # noqa: SLF001
        "wrist-left": ((decoded["wrist-left"][:20] - [0, 1]) / [1, 2]).T.astype(np.float32)[np.newaxis],
    }
    logits = recordings.torch_logits(inputs, np.ones((1, 3), np.bool_))["digit"]["joint"][0]
    classes = ("one", "two", "three")
    assert prediction.labels == {"digit": classes[int(logits.argmax())]}
    assert list(prediction.probabilities["digit"]) == list(classes)
    assert list(prediction.probabilities["digit"].values()) == pytest.approx(
        torch.softmax(logits, 0).tolist(), abs=1e-5
    )
    assert prediction.modalities == ("audio", "image", "wrist-left")


def test_prediction_with_a_lost_modality(session: Session, files: dict[str, Path]) -> None:
    prediction = session.predict({"wrist-left": str(files["wrist-left"])})
    assert prediction.modalities == ("wrist-left",)
    assert prediction == session.predict({"wrist-left": np.load(files["wrist-left"])})
    assert prediction != session.predict(files)


def test_prediction_of_several_tasks(vectors: Exported) -> None:
    values = np.linspace(-1, 1, 12, dtype=np.float32)
    prediction = Session(vectors.folder).predict({"where": values})
    inputs = {"relu": np.zeros((1, 3), np.float32), "where": values[np.newaxis]}
    logits = vectors.torch_logits(inputs, np.array([[False, True]]))
    assert prediction.labels["valence"] == pytest.approx(logits["valence"]["joint"].item(), abs=1e-5)
    assert prediction.labels["verb"] == ("cut", "wash")[int(logits["verb"]["joint"].argmax())]
    assert list(prediction.probabilities) == ["verb"]


def test_leaving_a_modality_out_is_the_same_as_saying_so(session: Session, recordings: Exported) -> None:
    inputs = recordings.inputs(4)
    present = np.tile([1.0, 0.0, 1.0], (4, 1))
    expected = session.run(inputs, present)
    left = {name: inputs[name] for name in ("audio", "wrist-left")}
    for found in (session.run(left), session.run(left, present), session.run(left, present.astype(np.bool_))):
        for name, values in expected.items():
            assert_same_bits(found[name], values)
    assert not expected["image_logits"].any()


def with_value(inputs: dict[str, Any], name: str, place: tuple[int, ...], value: float) -> dict[str, Any]:
    changed = inputs[name].copy()
    changed[place] = value
    return {**inputs, name: changed}


ONES = np.ones((3, 3), np.bool_)


@pytest.mark.parametrize(
    ("change", "present", "message"),
    [
        (lambda _: {}, None, "expected at least one modality of audio, image, wrist-left, but got none"),
        (lambda x: {**x, "video": x["audio"]}, None, "unknown modality 'video': the artefact has audio, image"),
        (lambda x: {**x, "audio": x["audio"][:2]}, None, "same number of rows, but got audio 2, image 3, wrist-left 3"),
        (lambda x: {name: rows[:0] for name, rows in x.items()}, None, "expected at least one row, but got none"),
        (
            lambda x: {**x, "audio": x["audio"][0]},
            None,
            r"audio: expected the shape \('batch', 400\), but got \(400,\)",
        ),
        (lambda x: {**x, "audio": np.array(1, np.float32)}, None, r"audio: expected the shape .* but got \(\)"),
        (lambda x: {**x, "image": x["image"][..., :5]}, None, r"image: expected .*1, 8, 8\), but got \(3, 1, 8, 5\)"),
        (lambda x: {**x, "image": x["image"].astype(float)}, None, "image: expected float32 values, but got float64"),
        (lambda x: with_value(x, "wrist-left", (1, 0, 7), np.nan), None, "wrist-left: expected finite .* row 1 holds"),
        (lambda x: with_value(x, "audio", (2, 0), -np.inf), ONES, "audio: expected finite values, but row 2 holds NaN"),
        (lambda x: x, ONES * [[1], [1], [0]], "every row must have a modality, but row 2 has none"),
        (lambda x: x, ONES[:, :2], r"present must have the shape \(3, 3\), for audio, .*, but has \(3, 2\)"),
        (lambda x: x, ONES * 0.5, "present must hold 0 and 1 only, but got 0.5"),
        (lambda x: x, ONES * np.nan, "present must hold 0 and 1 only, but got nan"),
        (lambda x: {"audio": x["audio"]}, ONES, "present says that rows have image, but inputs does not hold it"),
    ],
)
def test_a_bad_batch_is_refused_in_one_line(
    change: Callable[[dict[str, Any]], dict[str, Any]],
    present: NDArray[Any] | None,
    message: str,
    session: Session,
    recordings: Exported,
) -> None:
    with pytest.raises(DataError, match=message) as raised:
        session.run(change(recordings.inputs(3)), present)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "expected at least one modality"),
        ({"video": "clip.wav"}, "unknown modality 'video'"),
        ({"audio": "missing.wav"}, r"audio: missing\.wav: expected a file, but found none"),
        ({"audio": np.full(400, np.nan)}, "audio: array: expected finite numbers, but found nan"),
        ({"wrist-left": np.full((20, 2), 3e38)}, "digit: expected a finite answer, but got"),
        ({"wrist-left": np.zeros((20, 5))}, "wrist-left: array: expected 2 channels, but found 5"),
    ],
)
def test_a_bad_sample_is_refused_in_one_line(files: dict[str, Any], message: str, session: Session) -> None:
    with pytest.raises(DataError, match=message):
        session.predict(files)


def test_a_sample_that_is_neither_path_nor_array_is_refused() -> None:
    with pytest.raises(DataError, match="expected a path or a numpy array, but got int"):
        decode_source(3)


def test_a_tensor_is_refused() -> None:
    with pytest.raises(DataError, match="image: expected a numpy array, but got Tensor"):
        Port("image", (2,)).check(torch.zeros(1, 2))


def test_threads_share_a_session(session: Session, recordings: Exported) -> None:
    batches = [recordings.inputs(rows=1 + seed % 4, seed=seed) for seed in range(64)]
    expected = [session.run(batch)["logits"] for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: session.run(batch)["logits"], batches))
    for one, other in zip(found, expected, strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize("provider", ["cuda", "CUDAExecutionProvider", "tensorrt"])
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_provider_that_would_not_run_is_an_error_and_quiet(
    provider: str, recordings: Exported, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExportError, match=r"CUDAExecutionProvider|TensorrtExecutionProvider") as raised:
        Session(recordings.folder, provider=provider)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_a_provider_that_was_not_compiled_in_is_refused(recordings: Exported) -> None:
    others = set(onnxruntime.get_all_providers()) - set(onnxruntime.get_available_providers())
    provider = min(others)
    with pytest.raises(ExportError, match=f"was built without {provider}"):
        Session(recordings.folder, provider=provider)


def test_an_unknown_provider_is_refused(recordings: Exported) -> None:
    with pytest.raises(ExportError, match=r"provider must be cpu, cuda, tensorrt, openvino or .* but got 'gpu'"):
        Session(recordings.folder, provider="gpu")


WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {
            "torch", "torchvision", "torchaudio", "onnx", "onnxscript", "onnx_ir", "jaxtyping", "accelerate", "timm",
            "transformers", "tensorboard", "pyarrow", "scipy", "sklearn", "seglearn", "tokenizers", "beartype",
        }:
            raise ImportError(f"{name} is no dependency of a deployed artefact")

sys.meta_path.insert(0, Refuse())
from acclimate.exporters import Session

folder, audio, image, wrist = sys.argv[1:]
prediction = Session(folder).predict({"audio": audio, "image": image, "wrist-left": wrist})
print(prediction.labels["digit"], *prediction.probabilities["digit"].values())
"""


def test_a_deployed_artefact_needs_no_torch(session: Session, recordings: Exported, files: dict[str, Path]) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, recordings.folder, *(files[name] for name in session.modalities)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    expected = session.predict(files)
    assert answer[0] == expected.labels["digit"]
    assert list(map(float, answer[1:])) == list(expected.probabilities["digit"].values())
