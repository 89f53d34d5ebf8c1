"""Requests to a served artefact: how they are read, and what is refused. Needs no KServe."""

import base64
import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import soundfile
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.exporters.serving import Limits
from acclimate.exporters.serving.answers import answer, answer_types
from acclimate.exporters.serving.instances import read_instances
from acclimate.exporters.serving.tensors import Tensor, read_tensors
from acclimate.framework import AcclimateError, DataError, Task
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing import AudioPreprocessing, ImagePreprocessing, TextPreprocessing
from acclimate.framework.data.schema import Schema
from bits import assert_same_bits
from PIL import Image

TEXTS = ("a fine day", "no day")
LIMITS = Limits(rows=3, bytes=10_000)


@pytest.fixture(scope="module")
def config() -> ArtefactConfig:
    """Sound, pictures and text, whose encoder is told lengths; classes and a number."""
    preprocessing = {
        "audio": AudioPreprocessing(sampling_rate=8000, samples=40),
        "image": ImagePreprocessing(height=4, width=4, mean=[0.4], std=[0.3]),
        "text": TextPreprocessing.fit([Decoded("text", text) for text in TEXTS]),
    }
    schema = Schema(preprocessing, (Task("mood", ("bad", "groß")), Task("valence")))
    return ArtefactConfig(schema=schema, opset=20, recipe=None, versions={}, metadata={}, lengths=("text",))


def sound(samples: int = 30, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.linspace(-0.5, 0.5, samples), 8000, format=kind)
    return file.getvalue()


def picture(side: int = 6) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), 7, np.uint8)).save(file, "PNG")
    return file.getvalue()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def binary(elements: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def nested(depth: int) -> list[object]:
    found: list[object] = []
    for _ in range(depth - 1):
        found = [found]
    return found


def contents(name: str, *elements: object) -> Tensor:
    return Tensor(name, "BYTES", (len(elements),), list(elements))


def numbers(name: str, shape: tuple[int, ...], datatype: str = "FP32") -> Tensor:
    return Tensor(name, datatype, shape, [0] * int(np.prod(shape)))


def test_files_come_as_base64_as_bytes_and_as_a_binary_tensor(config: ArtefactConfig) -> None:
    files = [sound(), sound(50, "FLAC")]
    data: list[Any] = [[base64_of(file) for file in files], files, binary(files), [[file] for file in files]]
    shapes = [(2,), (2,), (2,), (2, 1)]
    found = [read_tensors([Tensor("audio", "BYTES", *one)], config, LIMITS) for one in zip(shapes, data, strict=True)]
    prepare = config.schema.preprocessing["audio"]
    values = [np.linspace(-0.5, 0.5, samples)[:40] for samples in (30, 50)]
    expected = [prepare(Decoded("audio", one.astype(np.float32), 8000)) for one in values]
    for batch in found:
        np.testing.assert_allclose(batch.inputs["audio"], expected, atol=1e-4)
        assert_same_bits(batch.present, [[1, 0, 0], [1, 0, 0]])


def test_text_is_itself_and_tells_its_length(config: ArtefactConfig) -> None:
    for batch in (
        read_tensors([contents("text", *TEXTS)], config, LIMITS),
        read_tensors([Tensor("text", "BYTES", (2,), binary([text.encode() for text in TEXTS]))], config, LIMITS),
        read_instances({"instances": [{"text": text} for text in TEXTS]}, config, LIMITS),
    ):
        prepared = [config.schema.preprocessing["text"].prepare(Decoded("text", text)) for text in TEXTS]
        assert_same_bits(batch.inputs["text"], [one.values for one in prepared])
        assert batch.lengths["text"].tolist() == [5, 4]
        assert [one.length for one in prepared] == [5, 4]


def test_text_that_looks_like_a_file_is_text(config: ArtefactConfig) -> None:
    batch = read_tensors([contents("text", "RIFF a day", "/etc/passwd")], config, LIMITS)
    assert batch.inputs["text"].shape == (2, 5)


def test_an_empty_element_is_an_absent_modality(config: ArtefactConfig) -> None:
    request = [contents("image", picture(), "", b""), numbers("audio", (3, 40))]
    batch = read_tensors(request, config, LIMITS)
    assert_same_bits(batch.present, [[1, 1, 0], [1, 0, 0], [1, 0, 0]])
    assert not batch.inputs["image"][1:].any()
    present = Tensor("present", "BOOL", (3, 3), [True, False, False] * 3)
    assert_same_bits(read_tensors([*request, present], config, LIMITS).present, [[1, 0, 0]] * 3)


def test_what_an_absent_slot_holds_is_not_decoded(config: ArtefactConfig) -> None:
    present = Tensor("present", "FP32", (2, 3), [[1, 1, 0], [1, 0, 0]])
    request = [contents("image", picture(), "no picture"), numbers("audio", (2, 40)), present]
    assert_same_bits(read_tensors(request, config, LIMITS).present, [[1, 1, 0], [1, 0, 0]])


def test_binary_numbers_are_read_as_little_endian(config: ArtefactConfig) -> None:
    values = np.arange(80, dtype="<f4").reshape(2, 40)
    batch = read_tensors([Tensor("audio", "FP32", (2, 40), values.tobytes())], config, LIMITS)
    assert_same_bits(batch.inputs["audio"], values)


def test_lengths_and_tokens_are_taken(config: ArtefactConfig) -> None:
    tokens = Tensor("text", "INT64", (2, 3), [[2, 1, 3], [2, 3, 0]])
    batch = read_tensors([tokens, Tensor("text_length", "INT64", (2,), [3, 2])], config, LIMITS)
    assert batch.inputs["text"].dtype == np.int64
    assert batch.lengths["text"].tolist() == [3, 2]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (numbers("video", (1, 3)), "unknown input 'video': the artefact has audio, image, text, present, text_length"),
        (numbers("audio", (4, 40)), "expected 1 to 3 rows, but got 4"),
        (numbers("audio", (0, 40)), "expected 1 to 3 rows, but got 0"),
        (numbers("audio", ()), r"audio: shape must begin with the number of rows, but got \(\)"),
        (Tensor("audio", "FP32", (2, -1), []), r"audio: shape must begin .*, but got \(2, -1\)"),
        (numbers("audio", (1, 40), "FP64"), "audio: datatype must be BOOL, UINT8, .* but got 'FP64'"),
        (Tensor("audio", "FP32", (1, 40), [1, 2]), r"audio: expected data of the shape \(1, 40\), but got \(2,\)"),
        (Tensor("audio", "FP32", (1, 2), ["a", "b"]), "audio: expected float32 values, but got some that are not"),
        (Tensor("audio", "FP32", (1, 2), [None, 1]), "audio: expected float32 values, but got some that are not"),
        (Tensor("audio", "FP32", (1, 2), [[1, 2], [3]]), "audio: expected lists of equal lengths"),
        (Tensor("audio", "FP32", (1, 2), nested(41)), r"audio: expected data of the shape \(1, 2\)"),
        (Tensor("audio", "FP32", (1, 2), nested(900)), "audio: expected lists of equal lengths"),
        (Tensor("audio", "FP32", (1, 2), ["x" * 10**6, *[1] * 2000]), "audio: expected float32 values"),
        (Tensor("text", "INT64", (1, 2), [2**70, 1]), "text: expected int64 values, but got one of more than 64 bits"),
        (Tensor("text", "INT64", (1, 2), [1.5, 2]), "text: expected int64 values, but got some that are not"),
        (Tensor("audio", "FP32", (1, 40), b"1234"), r"audio: the shape \(1, 40\) needs 160 bytes, but got 4"),
        (Tensor("audio", "BYTES", (2,), [b"1"]), r"audio: expected one element of BYTES a row, but got 1 for shape"),
        (contents("audio", 3), "audio: expected BYTES as strings, but got int"),
        (Tensor("audio", "BYTES", (1,), b"\1\0\0"), "audio: expected 4 bytes of an element's length, but 3 are left"),
        (
            Tensor("audio", "BYTES", (1,), b"\5\0\0\0ab"),
            "audio: expected an element of 5 bytes, but 3 of them are missing",
        ),
        (contents("audio", "/etc/passwd"), "audio: row 0: expected a file's content in base64, but got 11 characters"),
        (contents("audio", b"GIF89a"), "audio: row 0: expected the content of a WAV, .* but found 6 bytes"),
        (contents("audio", sound()[:-3]), "audio: row 0: expected 3 more bytes of sound"),
        (contents("image", picture()[:40]), "image: row 0: expected an image, but found 40 bytes"),
        (contents("audio", sound(100_000, "FLAC")), "audio: row 0: expected at most 10,000 bytes after decoding"),
        (
            contents("image", picture(110)),
            "image: row 0: expected at most 10,000 bytes .* but found 12,100",
        ),
        (contents("text", "  "), "text: row 0: expected text, but found none"),
        (contents("text", b"\xff"), "text: row 0: expected text in UTF-8, but found byte 0xff"),
    ],
)
def test_a_bad_tensor_is_refused_in_one_line(tensor: Tensor, message: str, config: ArtefactConfig) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_tensors([tensor], config, LIMITS)
    assert "\n" not in str(raised.value)


def test_an_input_given_twice_is_refused(config: ArtefactConfig) -> None:
    with pytest.raises(DataError, match="every input may be given once, but one is given twice"):
        read_tensors([numbers("audio", (1, 40))] * 2, config, LIMITS)


def test_instances_differ_in_what_they_have(config: ArtefactConfig) -> None:
    instances = [{"audio": [0.5] * 40, "image": {"b64": base64_of(picture())}}, {"text": [2, 1, 3]}]
    batch = read_instances({"instances": instances}, config, LIMITS)
    assert_same_bits(batch.present, [[1, 1, 0], [0, 0, 1]])
    assert_same_bits(batch.inputs["audio"], [[0.5] * 40, [0] * 40])
    assert batch.inputs["text"][1].tolist() == [2, 1, 3, 0, 0]
    assert batch.lengths["text"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ([], 'expected a JSON object with a list of "instances"'),
        ({"instances": {}}, 'expected a JSON object with a list of "instances"'),
        ({"instances": []}, "expected 1 to 3 rows, but got 0"),
        ({"instances": [3]}, "instances: row 0: expected an object with the modalities of one sample"),
        ({"instances": [{}]}, "expected at least one modality of audio, image, text, but got none"),
        ({"instances": [{"video": [1]}]}, "unknown modality 'video'"),
        ({"instances": [{"audio": "a.wav"}]}, "audio: row 0: expected a list of numbers or .* but got str"),
        ({"instances": [{"audio": {"b64": 1}}]}, "audio: row 0: expected a list of numbers or .* but got dict"),
        ({"instances": [{"audio": {"b64": "a.wav"}}]}, "audio: row 0: expected a file's content in base64"),
        ({"instances": [{"text": 3}]}, "text: row 0: expected a list of numbers or text, but got int"),
        ({"instances": [{"audio": [1]}]}, r"audio: row 0: expected the shape \(40,\), but got \(1,\)"),
        ({"instances": [{"text": [1] * 6}]}, r"text: row 0: expected the shape \(5,\), but got \(6,\)"),
    ],
)
def test_bad_instances_are_refused_in_one_line(payload: object, message: str, config: ArtefactConfig) -> None:
    with pytest.raises(DataError, match=message):
        read_instances(payload, config, LIMITS)


def test_answers_hold_logits_probabilities_and_labels(config: ArtefactConfig) -> None:
    logits = {name: np.zeros((2, width), np.float32) for name, _, (_, width) in answer_types(config)[:8]}
    logits["mood_logits"][1] = [0, np.log(3)]
    found = answer(logits, config)
    assert list(found) == [name for name, *_ in answer_types(config)]
    np.testing.assert_allclose(found["mood_probabilities"], [[0.5, 0.5], [0.25, 0.75]], rtol=1e-6)
    assert list(found["mood_label"]) == [b"bad", "groß".encode()]
    assert "valence_label" not in found


def test_an_answer_that_is_no_number_is_refused(config: ArtefactConfig) -> None:
    logits = {name: np.zeros((2, width), np.float32) for name, _, (_, width) in answer_types(config)[:8]}
    logits["valence_logits"][1] = np.inf
    with pytest.raises(DataError, match="valence: row 1 has no finite answer"):
        answer(logits, config)


@pytest.mark.parametrize("limits", [{"rows": 0}, {"bytes": -1}])
def test_limits_must_be_positive(limits: dict[str, int]) -> None:
    with pytest.raises(AcclimateError, match=r"the limit of .* must be positive, but got"):
        Limits(**limits)
