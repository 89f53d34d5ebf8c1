"""Mutated requests to a server, over HTTP and gRPC: `[NUMBER [SEED]]`. Each is understood, or refused in one line."""

import base64
import io
import json
import struct
import sys
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import soundfile
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.exporters.serving.batch import SessionBatch
from acclimate.exporters.serving.grpc_messages import read_message
from acclimate.exporters.serving.instances import read_instances
from acclimate.exporters.serving.json_bounds import json_bounds
from acclimate.exporters.serving.json_scan import JsonScan
from acclimate.exporters.serving.limits import Limits
from acclimate.exporters.serving.requests import JSON_LENGTH, RawRequest, json_length
from acclimate.exporters.serving.tensors import Tensor, read_tensors
from acclimate.framework import Task
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing import AudioPreprocessing, ImagePreprocessing, TextPreprocessing
from acclimate.framework.data.schema import Schema
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest
from PIL import Image

# Beside this file, for tests and for a script alike.
sys.path.append(str(Path(__file__).parents[1]))
from fuzz.campaign import print_campaign
from fuzz.hostile_values import mutate, scramble

LIMITS: Final = Limits(rows=4, bytes=2**20)

WORDS: Final = (
    b"[],",
    b"{},",
    b"[" * 2000,
    b'"',
    b"\\",
    b'\\"',
    b'"\\ud800"',
    b"NaN",
    b"1e999",
    b"-0",
    b"9" * 400,
    b"null",
    b'"instances":',
    b'"shape":[-1],',
    b'"data":[[1],[2,3]],',
    b'"datatype":"BYTES",',
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"%!PS-Adobe-3.0",
    b"\x0b" * 9,
    b"\x2a\x00" * 500,
)


def _config() -> ArtefactConfig:
    texts = [Decoded("text", text) for text in ("a fine day", "no day")]
    preprocessing = {
        "audio": AudioPreprocessing(sampling_rate=8000, samples=40),
        "image": ImagePreprocessing(height=4, width=4, mean=[0.4], std=[0.3]),
        "text": TextPreprocessing.fit(texts),
    }
    schema = Schema(preprocessing, (Task("mood", ("bad", "good")),))
    return ArtefactConfig(schema=schema, opset=20, recipe=None, versions={}, metadata={}, lengths=("text",))


def _files() -> tuple[bytes, bytes, bytes]:
    sound, packed, picture = io.BytesIO(), io.BytesIO(), io.BytesIO()
    soundfile.write(sound, np.linspace(-0.5, 0.5, 30), 8000, format="WAV")
    soundfile.write(packed, np.linspace(-0.5, 0.5, 50), 8000, format="FLAC")
    Image.fromarray(np.full((6, 6), 7, np.uint8)).save(picture, "PNG")
    return sound.getvalue(), packed.getvalue(), picture.getvalue()


CONFIG: Final = _config()
BOUNDS: Final = json_bounds(CONFIG, LIMITS)
FILES: Final = _files()
_TEXTS: Final = [base64.b64encode(file).decode() for file in FILES]

INSTANCES: Final[dict[str, Any]] = {
    "instances": [
        {"audio": [0.5] * 40, "text": "a fine day"},
        {"audio": {"b64": _TEXTS[1]}, "image": {"b64": _TEXTS[2]}},
        {"image": [[[0.0] * 4] * 4]},
    ]
}

TENSORS: Final[dict[str, Any]] = {
    "id": "seven",
    "parameters": {"binary_data_output": False},
    "inputs": [
        {"name": "audio", "datatype": "BYTES", "shape": [2], "data": _TEXTS[:2]},
        {"name": "image", "datatype": "FP32", "shape": [2, 1, 4, 4], "data": [0.25] * 32},
        {"name": "text", "datatype": "INT64", "shape": [2, 3], "data": [[2, 1, 3], [2, 3, 0]]},
        {"name": "text_length", "datatype": "INT64", "shape": [2], "data": [3, 2]},
        {"name": "present", "datatype": "BOOL", "shape": [2, 3], "data": [True] * 6},
    ],
    "outputs": [{"name": "logits", "parameters": {"binary_data": True}}],
}

BINARY: Final[dict[str, Any]] = {
    "inputs": [
        {"name": "audio", "datatype": "FP32", "shape": [1, 40], "parameters": {"binary_data_size": 160}},
        {"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(FILES[2]) + 4}},
    ]
}

MESSAGE: Final = ModelInferRequest(
    model_name="digits",
    id="seven",
    inputs=[
        {"name": "audio", "datatype": "FP32", "shape": [1, 40], "contents": {"fp32_contents": [0.5] * 40}},
        {"name": "image", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [FILES[2]]}},
    ],
).SerializeToString()


def make_request(random: Random) -> tuple[str, bytes, dict[str, str]]:
    """A mutated request over HTTP: path, body and headers."""
    path, document, tail = random.choice(
        [
            ("/v1/models/digits:predict", INSTANCES, b""),
            ("/v2/models/digits/infer", TENSORS, b""),
            ("/v2/models/digits/infer", BINARY, b"\0" * 160 + struct.pack("<I", len(FILES[2])) + FILES[2]),
        ]
    )
    if random.random() < 0.7:
        document = mutate(document, random, random.randrange(1, 4))
    head = json.dumps(document).encode("utf-8", "surrogatepass")
    if random.random() < 0.4:
        head = scramble(head, random, WORDS)
    if random.random() < 0.2:
        tail = scramble(tail, random, WORDS)
    length = random.choice([len(head)] * 8 + [0, -1, len(head) // 2, len(head) + 1])
    return path, head + tail, {JSON_LENGTH: str(length)} if tail or random.random() < 0.1 else {}


def attempt(random: Random) -> str:
    """Read a mutated request as the server does, up to the graph."""
    if random.random() < 0.2:
        request = read_message(scramble(MESSAGE, random, WORDS), BOUNDS)
        return _described("gRPC", _tensors(request))
    path, body, headers = make_request(random)
    is_second = path.startswith("/v2/")
    size = json_length(headers, len(body)) if is_second else len(body)
    _scan_in_pieces(body[:size], random)
    parsed = RawRequest(body, size, "digits" if is_second else None).parse(BOUNDS)
    if isinstance(parsed, dict):
        return _described("version 1", read_instances(parsed, CONFIG, LIMITS))
    return _described("version 2", _tensors(parsed))


def _tensors(request: Any) -> SessionBatch:  # noqa: ANN401 - KServe has no types
    inputs = [
        Tensor(one.name, one.datatype, tuple(one.shape), one.data if one._raw_data is None else one._raw_data)  # noqa: SLF001
        for one in request.inputs
    ]
    return read_tensors(inputs, CONFIG, LIMITS)


def _scan_in_pieces(content: bytes, random: Random) -> None:
    """However it comes, it is counted alike."""
    whole, parts = JsonScan(BOUNDS), JsonScan(BOUNDS)
    whole.feed(content)
    start = 0
    while start < len(content):
        end = start + random.choice([1, 2, 7, 100, 5000])
        parts.feed(content[start:end])
        start = end
    assert vars(whole) == vars(parts)


def _described(protocol: str, batch: SessionBatch) -> str:
    return f"{protocol}: understood" if batch.inputs else f"{protocol}: understood, and empty"


if __name__ == "__main__":
    print_campaign(attempt, *sys.argv[1:])
