"""Checkpoints: whole or not at all, shared tensors once, damage told in one line."""

import json
import os
import resource
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import torch
from acclimate.framework import RunError, WriteError
from acclimate.framework.runs.checkpoint import Checkpoint, load_weights, read_checkpoint, write_checkpoint
from bits import assert_same_bits, same_bits
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

TENSORS = {
    "weight": torch.arange(6.0).reshape(2, 3),
    "scalar": torch.tensor(1.5),
    "empty": torch.zeros(0, 3),
    "flags": torch.tensor([True, False]),
    "bytes": torch.tensor([1, 2], dtype=torch.uint8),
    "half": torch.tensor([0.1], dtype=torch.bfloat16),
}
STATE = {"epoch": 3, "rate": 0.1, "nothing": None, "nested": {"list": [1, 2.5, "text"]}}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "one.safetensors", Checkpoint(TENSORS, STATE))
    found = read_checkpoint(tmp_path / "one.safetensors")
    assert found.state == STATE
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert_same_bits(found.tensors[name], tensor)
        assert found.tensors[name].dtype == tensor.dtype
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_shared_tensor_is_written_once(tmp_path: Path) -> None:
    shared = nn.Linear(3, 3)
    module = nn.ModuleDict({"first": shared, "second": nn.Sequential(shared), "other": nn.Linear(3, 3)})
    write_checkpoint(tmp_path / "one.safetensors", Checkpoint(module.state_dict(), {}))
    with safe_open(tmp_path / "one.safetensors", framework="pt") as file:
        names = set(file.keys())
        aliases = json.loads(file.metadata()["aliases"])
    assert names == {"first.weight", "first.bias", "other.weight", "other.bias"}
    assert aliases == {"second.0.weight": "first.weight", "second.0.bias": "first.bias"}
    found = read_checkpoint(tmp_path / "one.safetensors")
    for name, tensor in module.state_dict().items():
        assert_same_bits(found.tensors[name], tensor)


def test_views_of_one_memory_are_different_tensors(tmp_path: Path) -> None:
    whole = torch.arange(6.0)
    views = {"whole": whole, "half": whole[:3], "turned": whole.reshape(2, 3).T, "again": whole.reshape(2, 3)}
    write_checkpoint(tmp_path / "one.safetensors", Checkpoint(views, {}))
    found = read_checkpoint(tmp_path / "one.safetensors")
    assert all(same_bits(found.tensors[name], tensor) for name, tensor in views.items())


def test_under_takes_a_prefix_off() -> None:
    found = Checkpoint({"a.b": torch.ones(1), "a.c.d": torch.ones(2), "b.a": torch.ones(3)}, {})
    assert {name: len(tensor) for name, tensor in found.under("a.").items()} == {"b": 1, "c.d": 2}


def test_numbers_survive_exactly(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1e-300, -0.0, 1 / 3, float("inf")]
    write_checkpoint(tmp_path / "one.safetensors", Checkpoint({}, {"numbers": numbers}))
    assert read_checkpoint(tmp_path / "one.safetensors").state["numbers"] == numbers


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_one_line(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "one.safetensors"
    write_checkpoint(path, Checkpoint(TENSORS, STATE))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(RunError, match=r"one\.safetensors is no checkpoint of acclimate, or a damaged one") as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "metadata", [None, {"state": "{}"}, {"state": "{", "aliases": "{}"}, {"state": "{}", "aliases": '{"a": "b"}'}]
)
def test_a_file_of_somebody_elses_is_one_line(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"weight": torch.ones(1)}, tmp_path / "one.safetensors", metadata)
    with pytest.raises(RunError, match="is no checkpoint of acclimate"):
        read_checkpoint(tmp_path / "one.safetensors")


def test_no_file_and_no_file_but_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no checkpoint at"):
        read_checkpoint(tmp_path / "one.safetensors")
    with pytest.raises(RunError, match="no checkpoint"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": torch.zeros(2, 3)}, "old: weight 'bias' is missing"),
        ({"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "more": torch.zeros(2)}, "'more' is not part of"),
        ({"weight": torch.zeros(3, 2), "bias": torch.zeros(2)}, r"'weight' must be of shape \(2, 3\), but is \(3, 2\)"),
    ],
)
def test_weights_that_do_not_fit_are_named(tensors: dict[str, Tensor], message: str) -> None:
    module = nn.Linear(3, 2)
    before = module.weight.clone()
    with pytest.raises(RunError, match=message):
        load_weights(module, tensors, "old")
    assert_same_bits(module.weight, before)


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    write_checkpoint(path, Checkpoint(TENSORS, STATE))
    with pytest.raises(TypeError):
        write_checkpoint(path, Checkpoint(TENSORS, {"not JSON": object()}))
    assert read_checkpoint(path).state == STATE
    assert [found.name for found in tmp_path.iterdir()] == ["one.safetensors"]


def test_others_may_read_a_checkpoint_as_any_file_that_is_made_here(tmp_path: Path) -> None:
    """Safetensors makes a file that only its owner may read."""
    write_checkpoint(tmp_path / "one.safetensors", Checkpoint(TENSORS, STATE))
    (tmp_path / "plain").touch()
    assert (tmp_path / "one.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_no_room_is_one_line_and_leaves_the_earlier_file(tmp_path: Path) -> None:
    """As a full disk does, a limit on the size of files ends the writing in the middle."""
    path = tmp_path / "one.safetensors"
    write_checkpoint(path, Checkpoint(TENSORS, STATE))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(WriteError, match=r"one\.safetensors cannot be written: File too large; make room, then"):
            write_checkpoint(path, Checkpoint({"large": torch.zeros(100_000)}, STATE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_checkpoint(path).state == STATE
    assert [found.name for found in tmp_path.iterdir()] == ["one.safetensors"]


def write_for_ever(path: Path) -> None:
    """Write checkpoints whose tensors and state tell the same number."""
    number = 0
    while True:
        number += 1
        write_checkpoint(path, Checkpoint({"number": torch.full((1000,), number)}, {"number": number}))


def test_a_reader_never_sees_half_a_file_whenever_the_writer_is_killed(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    path = tmp_path / "one.safetensors"
    process = processes.Process(target=write_for_ever, args=(path,), daemon=True)
    process.start()
    while not path.exists():
        process.join(0.01)
    seen = set()
    for _ in range(400):
        found = read_checkpoint(path)
        assert_same_bits(torch.unique(found.tensors["number"]), [found.state["number"]])
        seen.add(found.state["number"])
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert read_checkpoint(path).state["number"] >= max(seen)
    assert len(seen) > 1
