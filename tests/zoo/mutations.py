"""Changes a checkpoint's folder as someone with ill intent would, or an accident: by seed, and the same each time."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import struct
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import onnx
from acclimate.zoo.folder import format_hashes
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS

TRAP: Final = "zoo_trap"
"""A module that must never be imported."""

_PATHS: Final = (
    f"{TRAP}.Thing",
    f"acclimate.{TRAP}.Thing",
    "os.system",
    "torch.hub.load",
    "torch.load",
    "torch.optim.SGD",
    "torch.optim.adam.torch.load",
    "acclimate.adapters.os.system",
    "acclimate.adapters.LateSum",
    "acclimate.adapters.LateSum.__init__.__globals__",
    "acclimate.framework.commands.adapt.main",
    "acclimate.framework.encoders.LogMelCNN",
    "acclimate.framework.encoders.MLP",
    "acclimate.framework.encoders.SignalResNet",
    "acclimate.framework.encoders.TemporalRelationNetwork",
    "acclimate.framework.encoders.TextCNN",
    "acclimate.framework.encoders.TimmImage",
    "acclimate.framework.encoders.TransformerText",
)
_KEYS: Final = (
    "class_path",
    "init_args",
    "dict_kwargs",
    "pretrained",
    "kind",
    "x",
    "",
    "../x",
    "__class__",
    "a.class_path",
)
_KINDS: Final = ("audio", "depth", "features", "image", "sequence", "signal", "text")


def seeded(seed: object) -> random.Random:
    """It chooses among Python's objects, which numpy's does not."""
    return random.Random(repr(seed))  # noqa: S311 - no secret depends on it


def mutate_folder(folder: Path, generator: random.Random, secret: Path) -> str:
    """Change a copy of a checkpoint in one way, or two.

    Args:
        folder: in which it lies.
        generator: decides what is changed, and whether the hashes say so.
        secret: a file outside of the folder, which paths and links may lead to.

    Returns:
        What was done.
    """
    done = []
    for _ in range(generator.choice([1, 1, 2])):
        change = generator.choice(_CHANGES)
        # A second change may not find what it looks for, because of the first.
        with contextlib.suppress(Exception):
            change(folder, generator, secret)
        done.append(change.__name__.strip("_"))
        if change in {_change_files, _change_hashes}:
            return "+".join(done)
    # With the old hashes no reader sees what was changed.
    if generator.random() < 0.95:
        rehash(folder)
        done.append("rehashed")
    return "+".join(done)


def rehash(folder: Path) -> None:
    """Describe the files anew."""
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in SIZE_LIMITS}
    (folder / HASHES_FILE).write_text(format_hashes(hashes), encoding="ascii")


def mutate_bytes(content: bytes, generator: random.Random) -> bytes:
    """Flip bits, cut, repeat, or put bytes in."""
    changed = bytearray(content)
    for _ in range(generator.choice([1, 1, 3, 30])):
        at = generator.randrange(len(changed) + 1)
        match generator.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << generator.randrange(8)
            case 1:
                del changed[at:]
            case 2:
                start = generator.randrange(len(changed) + 1)
                changed[at:at] = changed[start : start + generator.randrange(64)]
            case 3:
                del changed[at : at + generator.randrange(1, 64)]
            case _:
                changed[at:at] = generator.choice(_BYTES)
    return bytes(changed)


_BYTES: Final = (
    b"\0",
    b"\xff" * 8,
    b"\xef\xbb\xbf",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"1e999999",
    b"9" * 5000,
    b"NaN",
    b'"\\ud800"',
)


def mutate_document(document: Any, generator: random.Random, secret: Path) -> Any:  # noqa: ANN401 - JSON
    """Replace, remove, double or rename values in JSON."""
    changed = json.loads(json.dumps(document))
    for _ in range(generator.choice([1, 1, 2, 4])):
        places = [path for path in _places(changed) if path]
        if not places:
            return changed
        *way, last = generator.choice(places)
        parent = changed
        for key in way:
            parent = parent[key]
        value = parent[last]
        match generator.randrange(6):
            case 0:
                del parent[last]
            case 1 if isinstance(parent, dict):
                parent[generator.choice([*_KEYS, *map(str, parent)])] = parent.pop(last)
            case 2 if isinstance(value, dict):
                value[generator.choice(_KEYS)] = generator.choice(_values(value, secret))
            case _:
                parent[last] = generator.choice(_values(value, secret))
    return changed


def _values(value: object, secret: Path) -> list[Any]:
    original = deepcopy(value)  # Else a value could be put into itself.
    paths = [{"class_path": path, "init_args": {}} for path in _PATHS]
    plain = [*_PATHS, *_KINDS, *(f"{{class_path: {path}}}" for path in _PATHS[:4]), str(secret), f"../{secret.name}"]
    numbers = [
        0,
        -1,
        1,
        2,
        64,
        65536,
        10**6,
        10**9,
        10**12,
        2**63 - 1,
        2**63,
        10**4000,
        0.5,
        1e308,
        -0.0,
        float("nan"),
        float("inf"),
    ]
    texts = ["", "x", "\ud800", "\x1b[2J", "\u202e", "nan", "[&a [1], *a]", "a" * 5000, "1e999", "\0"]
    shapes: list[Any] = [None, True, False, [], {}, [[]], [original], {"x": original}, [original] * 40, str(original)]
    deep: Any = original
    for _ in range(80):
        deep = [deep]
    kinds = [{"kind": kind, "samples": 10**12, "sampling_rate": 10**9, "max_length": 10**12} for kind in _KINDS]
    own = [
        {"pretrained": str(secret)},
        {"pretrained": True},
        {"depth": 10**12},
        {"hidden": [10**6] * 9},
        {"segments": 60},
    ]
    return [*paths, *plain, *numbers, *texts, *shapes, deep, *kinds, *own]


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _change_bytes(folder: Path, generator: random.Random, _: Path) -> None:
    path = folder / generator.choice([*SIZE_LIMITS])
    path.write_bytes(mutate_bytes(path.read_bytes(), generator))


def _change_document(folder: Path, generator: random.Random, secret: Path) -> None:
    path = folder / generator.choice(["config.json", "config.json", "metrics.json"])
    document = mutate_document(json.loads(path.read_bytes()), generator, secret)
    path.write_text(json.dumps(document), encoding="utf-8")


def _change_checkpoint(folder: Path, generator: random.Random, secret: Path) -> None:
    """What says how the model is made."""
    path = folder / "config.json"
    document = json.loads(path.read_bytes())
    key = generator.choice(["recipe", "recipe", "encoders", "samples", "trained_on"])
    own = document["checkpoint"]
    if generator.random() < 0.5:
        name = generator.choice(_PATHS[-7:])
        arguments = mutate_document({"in_features": 3, "hidden": [4], "out_features": 64}, generator, secret)
        own["recipe"]["model"]["encoders"] = {"face": {"class_path": name, "init_args": arguments}}
    else:
        own[key] = mutate_document({key: own[key]}, generator, secret).get(key)
    path.write_text(json.dumps(document), encoding="utf-8")


def _change_artefact(folder: Path, generator: random.Random, secret: Path) -> None:
    """The configuration beside the graph and in it, alike, as a session wants them."""
    path, graph = folder / "config.json", folder / "model.onnx"
    document = json.loads(path.read_bytes())
    own = {key: document.pop(key) for key in ("checkpoint", "sha256")}
    changed = mutate_document(document, generator, secret)
    model = onnx.load(graph)
    for note in model.metadata_props:
        note.value = json.dumps(changed)
    try:
        graph.write_bytes(model.SerializeToString())
    except ValueError:  # Half a character fits into no graph.
        return
    own["sha256"] = hashlib.sha256(graph.read_bytes()).hexdigest()
    path.write_text(json.dumps({**changed, **own}), encoding="utf-8")


def _double_a_key(folder: Path, generator: random.Random, _: Path) -> None:
    path = folder / generator.choice(["config.json", "metrics.json"])
    text = path.read_text(encoding="utf-8")
    starts = [at for at, letter in enumerate(text) if letter == "{"]
    at = generator.choice(starts) + 1
    path.write_text(text[:at] + '"name": 1, "name": 2, "class_path": "x",' + text[at:], encoding="utf-8")


def _change_card(folder: Path, generator: random.Random, _: Path) -> None:
    texts = [
        "\x1b]0;x\x07",
        "\x9b31m",
        "\u202e",
        "<script>",
        "---\na: &a [*a]\n---\n",
        "\ud7ff",
        "\r",
        "!!python/object/apply:os.system [x]",
    ]
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    at = generator.randrange(len(text))
    path.write_text(text[:at] + generator.choice(texts) + text[at:], encoding="utf-8", newline="")


def _change_header(folder: Path, generator: random.Random, secret: Path) -> None:
    """Of the weights: a length of 8 bytes, then JSON."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header, body = json.loads(content[8 : 8 + size]), content[8 + size :]
    match generator.randrange(5):
        case 0:
            size = generator.choice([0, size - 1, size + 1, 10**8, 2**63, 2**64 - 1])
            path.write_bytes(struct.pack("<Q", size) + content[8:])
            return
        case 1:
            name = generator.choice([*header])
            header[name]["dtype"] = generator.choice(["F64", "I64", "U8", "BOOL", "F8_E4M3", "F4", "C64", "U64", "x"])
        case 2:
            name = generator.choice([*header])
            header[name]["shape"] = generator.choice(
                [[], [0], [2**62, 4], [1, *header[name]["shape"]], header[name]["shape"][::-1]]
            )
        case 3:
            one, other = generator.choice([*header]), generator.choice([*header])
            header[one]["data_offsets"] = header[other]["data_offsets"]
        case _:
            header = mutate_document(header, generator, secret)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def _change_values(folder: Path, generator: random.Random, _: Path) -> None:
    """NaN, infinity and huge numbers in place of weights."""
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    (size,) = struct.unpack("<Q", content[:8])
    at = 8 + size + 4 * generator.randrange((len(content) - 8 - size) // 4)
    content[at : at + 4] = generator.choice([struct.pack("<f", value) for value in (float("nan"), float("inf"), 1e38)])
    path.write_bytes(bytes(content))


def _change_graph(folder: Path, generator: random.Random, secret: Path) -> None:
    path = folder / "model.onnx"
    model = onnx.load(path)
    graph, node = model.graph, generator.choice(model.graph.node)
    match generator.randrange(9):
        case 0:
            node.op_type = generator.choice(["Add", "If", "Loop", "EPContext", "Nowhere", "", "Conv", "RandomNormal"])
        case 1:
            node.domain = generator.choice(["com.microsoft", "evil", "ai.onnx.ml"])
        case 2:
            del node.input[:]
        case 3:
            graph.node.remove(node)
        case 4:
            tensor = generator.choice(graph.initializer)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(
                key="location", value=generator.choice([str(secret), f"../{secret.name}", "/dev/zero"])
            )
        case 5:
            tensor = generator.choice(graph.initializer)
            del tensor.dims[:]
            tensor.dims.extend(generator.choice([[2**40], [-1], [2**31, 2**31], [0]]))
        case 6:
            port = generator.choice([*graph.input, *graph.output])
            port.name = generator.choice(["x", "", "../x", "present", port.name * 9])
        case 7:
            graph.node.add(op_type="ConstantOfShape", input=[generator.choice(graph.initializer).name], output=["x"])
        case _:
            for inner in node.attribute:
                inner.i, inner.f = generator.choice([-1, 2**62]), generator.choice([1e38, -1.0])
            node.output.extend([*node.output])  # A copy: protobuf 6 dies of a list that is extended by itself.
    _reseal(folder, model.SerializeToString())


def _change_graph_bytes(folder: Path, generator: random.Random, _: Path) -> None:
    _reseal(folder, mutate_bytes((folder / "model.onnx").read_bytes(), generator))


def _reseal(folder: Path, graph: bytes) -> None:
    """Write a graph, and its hash into config.json."""
    (folder / "model.onnx").write_bytes(graph)
    path = folder / "config.json"
    try:
        document = json.loads(path.read_bytes())
        document["sha256"] = hashlib.sha256(graph).hexdigest()
    except (TypeError, ValueError):  # It was changed before.
        return
    path.write_text(json.dumps(document), encoding="utf-8")


def _change_hashes(folder: Path, generator: random.Random, _: Path) -> None:
    path = folder / HASHES_FILE
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    match generator.randrange(4):
        case 0:
            path.write_bytes(mutate_bytes(path.read_bytes(), generator))
        case 1:
            path.write_text("".join([*lines, generator.choice(lines)]), encoding="ascii")
        case 2:
            path.write_text("".join(lines[1:]) + f"{'0' * 64}  ../{lines[0][66:]}", encoding="ascii")
        case _:
            path.write_text("".join(lines).replace("\n", generator.choice(["\r\n", "\x0b", "\n\n"])), encoding="ascii")


def _change_files(folder: Path, generator: random.Random, secret: Path) -> None:
    path = folder / generator.choice([*SIZE_LIMITS, HASHES_FILE])
    match generator.randrange(7):
        case 0:
            path.unlink()
        case 1:
            path.unlink()
            path.symlink_to(generator.choice([str(secret), os.devnull, "/dev/zero", path.name]))
        case 2:
            path.unlink()
            os.mkfifo(path)
        case 3:
            path.unlink()
            path.mkdir()
        case 4:
            path.unlink()
            with path.open("wb") as file:
                file.truncate(2**34)  # Takes no room.
        case 5:
            (folder / generator.choice(["pickle.pkl", "\x1b[2J", "Config.json", "pytorch_model.bin"])).write_bytes(b"x")
        case _:
            shutil.copyfile(
                folder / generator.choice([*SIZE_LIMITS]), path
            ) if path.name == HASHES_FILE else path.chmod(0)


_CHANGES: Final[tuple[Callable[[Path, random.Random, Path], None], ...]] = (
    _change_bytes,
    _change_document,
    _change_document,
    _change_checkpoint,
    _change_checkpoint,
    _change_checkpoint,
    _change_artefact,
    _change_artefact,
    _double_a_key,
    _change_card,
    _change_header,
    _change_header,
    _change_values,
    _change_graph,
    _change_graph,
    _change_graph_bytes,
    _change_hashes,
    _change_files,
)
