"""Opens a session on the execution provider that was asked for, or says what is missing. Imports no torch."""

import contextlib
import ctypes
import io
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import onnxruntime

from ..framework.errors import ExportError

PROVIDERS: Final = MappingProxyType(
    {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
)
"""Short names of execution providers."""

_FATAL, _WARNING = 4, 2


def open_session(model: bytes, provider: str, name: str) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open an `onnxruntime.InferenceSession` on these very bytes.

    Args:
        model: an ONNX file's content.
        provider: a short name of `PROVIDERS`, or ONNX Runtime's own.
        name: what errors call the model.

    Raises:
        ExportError: if the bytes are no ONNX model in a single file, or another provider would run it.
    """
    wanted = _full_name(provider)
    try:
        with contextlib.nullcontext() if wanted == PROVIDERS["cpu"] else _quiet():
            session = onnxruntime.InferenceSession(model, _options(), providers=[wanted], enable_fallback=0)
    except Exception as error:  # ONNX Runtime's errors have no base class of their own.
        reason = _missing_library(wanted) or str(error).strip().partition("\n")[0]
        raise ExportError(f"{name} cannot be opened on {wanted}: {reason}") from error
    running = session.get_providers()[0]
    if running != wanted:
        reason = _missing_library(wanted) or "it finds no device that it can use"
        raise ExportError(f"{name} cannot be opened on {wanted}, only on {running}: {reason}")
    return session


def _full_name(provider: str) -> str:
    wanted = PROVIDERS.get(provider.lower(), provider)
    if wanted not in onnxruntime.get_all_providers():
        raise ExportError(f"provider must be {', '.join(PROVIDERS)} or ONNX Runtime's own name, but got {provider!r}.")
    # This lists what was compiled in, so it can rule a provider out but never in.
    if wanted not in onnxruntime.get_available_providers():
        raise ExportError(f"the installed onnxruntime {onnxruntime.__version__} was built without {wanted}.")
    return wanted


def _options() -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL  # What goes wrong is raised; it need not be printed as well.
    # Idle threads of one session would starve the next one's.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Weights outside of the file would be looked for in the working folder; nothing lies under this name.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", f"{Path(__file__)}/none")
    return options


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Load the CUDA libraries that pip installs, and keep what is printed when some are missing: the error says it."""
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
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
