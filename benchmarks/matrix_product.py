"""How fast each library multiplies matrices, which is most of what networks do on a processor.

python benchmarks/matrix_product.py --threads 2 --out OUT
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import torch
from interleaved import Contestant, describe_machine, milliseconds, race, use_threads
from onnx import TensorProto, helper

PAUSE: Final = 0.05
"""Seconds before each turn: threads of the one before spin for a while."""


def products(size: int, threads: int) -> Mapping[str, Callable[[], Any]]:
    """The product of the same two matrices `(size, size)` of float32, by library; numpy's threads are its own."""
    first, second = np.random.default_rng(0).random((2, size, size), dtype=np.float32)
    one, other = torch.from_numpy(first), torch.from_numpy(second)
    session = _open_product(size, threads)
    return {
        "ONNX Runtime": lambda: session.run(None, {"first": first, "second": second})[0],
        "torch": lambda: torch.matmul(one, other),
        "numpy": lambda: first @ second,
    }


def rates(size: int, threads: int, rounds: int) -> dict[str, float]:
    """GFLOP/s by library, medians over rounds."""
    use_threads(threads)
    contestants = [
        Contestant(name, run, prepare=lambda: time.sleep(PAUSE)) for name, run in products(size, threads).items()
    ]
    times = race(contestants, rounds=rounds)
    return {name: 2e-6 * size**3 / milliseconds(seconds) for name, seconds in times.items()}


def _open_product(size: int, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, size]) for name in ("first", "second", "it")]
    node = helper.make_node("MatMul", ["first", "second"], ["it"])
    graph = helper.make_graph([node], "product", ports[:2], ports[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path, help="folder for matrix-product.json")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    found = rates(options.size, options.threads, options.rounds)
    for name, rate in found.items():
        print(f"{name}: {rate:.0f} GFLOP/s")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": machine, "size": options.size, "threads": options.threads, "gflops": found}
        (options.out / "matrix-product.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
