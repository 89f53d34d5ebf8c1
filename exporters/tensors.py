"""Predictions from an artefact on torch's tensors, where they are: on a GPU, or on the CPU."""

import os
import threading
from collections.abc import Mapping

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from ..framework.data.schema import Schema
from ..framework.errors import AcclimateError, DataError, ExportError
from .execution import AUTO, OPENVINO, Execution
from .onnx_runtime.provider_options import PROVIDERS
from .onnx_runtime.turn import Turn
from .opened_graphs import OpenedGraphs
from .runtime import Runtime
from .session import Session, read_config
from .tensor_feed import Small, TensorFeed, check_odd
from .tensor_memory import TensorGraph, TensorMemory, make_buffers

_DEVICES = {
    PROVIDERS["cpu"]: "cpu",
    PROVIDERS["cuda"]: "cuda",
    PROVIDERS["tensorrt"]: "cuda",
    **dict.fromkeys((AUTO, *OPENVINO.values()), "cpu"),
}


class TensorSession:
    """An artefact that takes tensors and gives tensors, on one device, without copies in between.

    A run is like one of torch's operators: it comes after what the caller's stream holds so far, and before what the
    caller's stream gets next; gradients do not pass. Several threads may use one session, which takes them one by one.

    Attributes:
        config: what the artefact says of itself.
        outputs: names of the outputs by task, then by modality and `joint`.
        device: where inputs must be and outputs will be.
        provider: ONNX Runtime's name of the execution provider.
        placement: which operators it runs, see `Session.placement`.

    Args:
        path: the artefact's folder, or its main graph.
        provider: `"cpu"`, `"cuda"` or `"tensorrt"`.
        device_id: which of several GPUs.
        cuda_graphs: size of all batches. What the GPU does for one is recorded once for each graph, and replayed at
            each run, which saves the time that the host takes to start every operator. Inputs are copied into memory
            that never moves. Such a session belongs to the thread that made it, and while it is made, no other may use
            the GPU. Not for `branch`.
        check_values: refuse NaN, infinity and unknown indices in present slots. The host then waits for the device at
            the end of each run.
        execution: provider, device and all other options, in their place.
        runtime: What opens the graphs in place of ONNX Runtime, on tensors of the CPU, see `Session`.

    Raises:
        ExportError: as `Session` does, and if tensors cannot be on the device, or CUDA graphs cannot run the artefact.

    Example:
        >>> from importlib.resources import files
        >>> folder = files("acclimate.zoo") / "checkpoints/rna-uda.wrist"
        >>> session = TensorSession(folder, provider="cpu")
        >>> session.run({"gyroscope": torch.zeros(2, 3, 100)})["gyroscope_logits"].shape
        torch.Size([2, 7])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        provider: str = "cuda",
        device_id: int = 0,
        cuda_graphs: int | None = None,
        check_values: bool = True,
        execution: Execution | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        if runtime is not None:
            provider = "cpu"
        execution = execution or Execution(provider=provider, device_id=device_id)
        if cuda_graphs is not None:
            _check_capture(path, cuda_graphs)
            execution = attrs.evolve(execution, cuda_graph=True)
        self.device = _find_device(execution)
        self._turn = Turn(self.device)
        self._session = Session(path, execution=attrs.evolve(execution, stream=self._turn.address), runtime=runtime)
        self.config, self.outputs = self._session.config, self._session.outputs
        self.provider, self.placement = self._session.provider, self._session.placement
        self._batch, self._checks_values = cuda_graphs, check_values
        self._lock, self._thread = threading.Lock(), threading.get_ident()
        self._widths = {name: task.outputs for task in self.schema.tasks for name in self.outputs[task.name].values()}
        with self._turn.taken():
            runners = on_tensors(self._session.opened, self.device, cuda_graphs)
        self._graphs = self._session.opened.connect(runners, TensorMemory(self.device))
        self._main = runners[self.config.main_file]

    @property
    def schema(self) -> Schema:
        """Preprocessing of each modality, and the tasks."""
        return self.config.schema

    @torch.no_grad()
    def run(
        self,
        inputs: Mapping[str, Tensor],
        present: Small | None = None,
        lengths: Mapping[str, Small] | None = None,
    ) -> dict[str, Float[Tensor, "batch _"]]:
        """Run a batch of preprocessed rows.

        Args:
            inputs: `(B, ...)` by modality, on the session's device; one that no row has may be left out.
            present: `(B, M)` of bool, 0 or 1; None means all that `inputs` holds. Best on the host, which needs it.
            lengths: `(B,)` by modality, see `Session.run`. Best on the host as well.

        Returns:
            `(B, C)` by the graph's outputs, on the session's device; zeros for an absent modality's own logits.

        Raises:
            DataError: as `Session.run` does, for a tensor on another device, and for a batch of another size than that
                of `cuda_graphs`.
            ExportError: if a graph fails, another process opened the session, or CUDA graphs are run by another thread
                than the one that recorded them.
        """
        self._session.check_process()
        feed = TensorFeed.read(inputs, present, lengths, self._session.ports, self.device)
        rows = len(feed.present)
        self._check_batch(rows)
        # On the caller's stream, so that torch knows who uses their memory.
        outputs = {name: torch.empty(rows, width, device=self.device) for name, width in self._widths.items()}
        with self._lock, self._turn.taken():
            odd = feed.find_odd() if self._checks_values else {}
            trimmed = feed if self._batch else feed.trim()
            try:
                self._main.run(self._graphs.feed(trimmed.tensors(), feed.present), outputs)
            except AcclimateError:
                raise
            except RuntimeError as error:  # Torch's, such as a lack of memory.
                raise ExportError(f"the graph failed while it ran: {str(error).partition(chr(10))[0]}") from error
            check_odd(odd, feed.ports)
        return outputs

    def _check_batch(self, rows: int) -> None:
        if self._batch is None:
            return
        if rows != self._batch:
            raise DataError(f"the CUDA graphs were recorded for batches of {self._batch} rows, but got {rows}.")
        # ONNX Runtime keeps what it records with the thread; another one would record anew.
        if threading.get_ident() != self._thread:
            raise ExportError("CUDA graphs must be run by the thread that made the session, but got another.")


def on_tensors(opened: OpenedGraphs, device: torch.device, batch: int | None) -> dict[str, TensorGraph]:
    """An artefact's graphs on tensors, by their files.

    Args:
        opened: The artefact.
        device: Where the tensors are.
        batch: The rows of every batch, for CUDA graphs; None for batches of any size.
    """
    return {
        file: graph.on_tensors(device, None if batch is None else make_buffers(graph, opened.ports, batch, device))
        for file, graph in opened.files.items()
    }


def _check_capture(path: str | os.PathLike[str], batch: int) -> None:
    if batch < 1:
        raise ExportError(f"cuda_graphs must be a positive number of rows, but got {batch}.")
    if read_config(path).form == "branch":
        raise ExportError(
            f"{path}: CUDA graphs cannot hold the form branch, whose If needs the host to choose: export it as split."
        )


def _find_device(execution: Execution) -> torch.device:
    kind = _DEVICES.get(execution.provider)
    if kind is None:
        raise ExportError(
            f"provider of a TensorSession must be cpu, cuda, tensorrt, openvino or auto, but got {execution.provider}."
        )
    if kind == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise ExportError(
            f"tensors cannot be on cuda:{execution.device_id}: torch {torch.__version__}, {built}, finds no GPU."
        )
    if execution.device_id >= torch.cuda.device_count():
        raise ExportError(f"device_id must be below {torch.cuda.device_count()}, but got {execution.device_id}.")
    return torch.device("cuda", execution.device_id)
