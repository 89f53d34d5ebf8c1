"""Opens a graph on the execution provider that was asked for, or says what is missing."""

import contextlib
import ctypes
import functools
import importlib
import io
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import onnxruntime

from ...framework.errors import ExportError
from ..execution import Execution, ThreadPool
from .graph import OnnxGraph
from .provider_options import PROVIDERS, requested_providers

_FATAL, _WARNING = 4, 2
_LOCK = threading.Lock()

_FOLDED: Final = 2**20

_POOLS: Final[Mapping[ThreadPool, Mapping[str, str]]] = {
    # Idle threads of one session would starve the next one's.
    "stopping": {"session.force_spinning_stop": "1"},
    "spinning": {},
    "sleeping": {"session.intra_op.allow_spinning": "0"},
    "shared": {},
}
"""Entries of a session's configuration."""


def open_graph(execution: Execution, model: bytes, name: str) -> OnnxGraph:
    """Open a graph on these very bytes.

    Args:
        execution: How to run it.
        model: An ONNX file's content.
        name: What errors call the model.

    Raises:
        ExportError: if the bytes are no ONNX model in a single file, or another provider would run it.
    """
    wanted, providers = execution.provider, requested_providers(execution, model)
    options = _session_options(execution, len(model))
    _make_cache(providers)
    try:
        with contextlib.nullcontext() if wanted == PROVIDERS["cpu"] else _quiet(wanted):
            session = onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)
        graph = OnnxGraph(session)
    except Exception as error:  # ONNX Runtime's errors have no base class of their own.
        reason = _missing_library(wanted) or str(error).strip().partition("\n")[0]
        if "use_per_session_threads must be false" in reason:
            reason = "this process has a pool that sessions share, so all must be opened with pool='shared'"
        raise ExportError(f"{name} cannot be opened on {wanted}: {reason}") from error
    if graph.provider != wanted:
        reason = _missing_library(wanted) or "it finds no device that it can use"
        raise ExportError(f"{name} cannot be opened on {wanted}, only on {graph.provider}: {reason}")
    if execution.on_gpu:
        _check_placement(graph, execution, name)
    return graph


def _session_options(execution: Execution, size: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL  # What goes wrong is raised; it need not be printed as well.
    entries = {
        **_POOLS[execution.pool],
        # Without it, ONNX Runtime does not say which provider runs what.
        "session.record_ep_graph_assignment_info": "1",
        # Weights outside of the file would be looked for in the working folder; nothing lies under this name.
        "session.model_external_initializers_file_folder_path": f"{Path(__file__)}/none",
        # A few bytes may describe constants that fill the memory, which would be computed while the graph is opened.
        "optimization.constant_folding_max_output_size_in_bytes": str(_FOLDED + 4 * size),
    }
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    if execution.pool == "shared":
        with _LOCK:
            _make_shared_pool(execution.threads)
        options.use_per_session_threads = False
    elif execution.threads is not None:
        options.intra_op_num_threads = execution.threads
    return options


@functools.cache
def _make_shared_pool(threads: int | None) -> None:
    """Let ONNX Runtime make the pool that all sessions of the process share, which it does once."""
    try:
        onnxruntime.set_global_thread_pool_sizes(threads or 0, 1)
    except Exception as error:  # ONNX Runtime's errors have no base class of their own.
        if threads is not None:
            raise ExportError(f"the pool that sessions share is there, so it cannot get threads={threads}.") from error


def _check_placement(graph: OnnxGraph, execution: Execution, name: str) -> None:
    from .placement import left_to_cpu

    placement = graph.placement
    # TensorRT may leave all of a small graph to CUDA.
    if not {execution.provider, PROVIDERS["cuda"]} & set(placement):
        raise ExportError(f"{name} cannot be opened on {execution.provider}: it runs none of its operators.")
    left = left_to_cpu(placement)
    if left and not execution.allow_cpu:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        raise ExportError(
            f"{name} cannot be opened on {execution.provider}: it would leave {kinds} to the CPU. "
            "allow_cpu=True accepts that."
        )


def _make_cache(providers: list[tuple[str, dict[str, str]]]) -> None:
    for _, options in providers:
        if "trt_engine_cache_path" in options:
            folder = Path(options["trt_engine_cache_path"])
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ExportError(f"engine_cache: {folder} cannot be made: {error.strerror}.") from error


@contextlib.contextmanager
def _quiet(wanted: str) -> Iterator[None]:
    """Load the CUDA libraries that pip installs, and keep what is printed when some are missing: the error says it.

    Those that torch has loaded, if it was imported before, are found by their names and taken.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
    if wanted == PROVIDERS["tensorrt"]:
        with contextlib.suppress(ImportError):
            importlib.import_module("tensorrt")  # Loads the libraries that its package on PyPI brings.
    onnxruntime.set_default_logger_severity(_FATAL)
    try:
        yield
    finally:
        onnxruntime.set_default_logger_severity(_WARNING)


def _missing_library(wanted: str) -> str | None:
    """What the linker says of a provider's own library, if that cannot be loaded."""
    stem = wanted.removesuffix("ExecutionProvider").lower()
    for library in Path(onnxruntime.__file__).parent.glob(f"capi/*onnxruntime_providers_{stem}.*"):
        try:
            ctypes.CDLL(str(library))
        except OSError as error:
            return (
                f"{error} (libcuda comes with the driver of an NVIDIA GPU, libnvinfer with TensorRT, "
                "all others with acclimate[cuda])"
            )
    return None
