"""How graphs are run: on which execution provider and device, and with which threads. Imports no torch."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

import attrs
import onnxruntime

from ..framework.errors import ExportError
from .artefact import sha256

PROVIDERS: Final = MappingProxyType(
    {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
)
"""Short names of execution providers."""

Pool: TypeAlias = Literal["stopping", "spinning", "sleeping", "shared"]
"""What the threads of a session do between its operators.

`stopping`: they wait busily while a graph runs, and sleep as soon as it is done. `spinning`: they wait busily for a
while after it, too, as ONNX Runtime does by default. `sleeping`: they never wait busily. `shared`: all sessions of the
process use one pool, which spins; once there is one, no session can be opened that has its own.
"""

ConvolutionSearch: TypeAlias = Literal["exhaustive", "heuristic", "default"]
"""How cuDNN's algorithm for a convolution is chosen: by trying all, once a shape; by a guess; always the same."""


class ProviderOptions(TypedDict, total=False):
    """What only some providers know."""

    tf32: bool
    """cuda, tensorrt: let float32 operators round their inputs to 10 bits. Off, where ONNX Runtime has it on."""
    memory_limit: int
    """cuda, tensorrt: bytes that ONNX Runtime's arena may take on the device."""
    conv_search: ConvolutionSearch
    """cuda, tensorrt: `exhaustive` by default."""
    fp16: bool
    """tensorrt: compute in float16 where that is faster. Off by default."""
    engine_cache: str | os.PathLike[str]
    """tensorrt: folder for engines, which take minutes to build. Each graph has a folder of its own in it."""


_CUDA: Final[Mapping[str, str]] = MappingProxyType(
    {"tf32": "use_tf32", "memory_limit": "gpu_mem_limit", "conv_search": "cudnn_conv_algo_search"}
)
_TENSORRT: Final[Mapping[str, str]] = MappingProxyType({"fp16": "trt_fp16_enable"})
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {PROVIDERS["cuda"]: tuple(_CUDA), PROVIDERS["tensorrt"]: (*_TENSORRT, "engine_cache", *_CUDA)}
)
"""Names of options, by ONNX Runtime's name of the provider."""


def _full_name(provider: str) -> str:
    wanted = PROVIDERS.get(provider.lower(), provider)
    if wanted not in onnxruntime.get_all_providers():
        raise ExportError(f"provider must be {', '.join(PROVIDERS)} or ONNX Runtime's own name, but got {provider!r}.")
    # This lists what was compiled in, so it can rule a provider out but never in.
    if wanted not in onnxruntime.get_available_providers():
        raise ExportError(f"the installed onnxruntime {onnxruntime.__version__} was built without {wanted}.")
    return wanted


@attrs.frozen(kw_only=True)
class Execution:
    """How a graph is run.

    Args:
        provider: `"cpu"`, `"cuda"`, `"tensorrt"` or ONNX Runtime's name of an execution provider; the latter is kept.
        device_id: which of several GPUs.
        threads: that compute one operator together on the CPU; None for ONNX Runtime's choice, one for each core. A
            `shared` pool gets them when the process opens the first session that uses it.
        pool: what threads do between operators.
        provider_options: see `ProviderOptions`.
        allow_cpu: accept that a GPU provider leaves more than computations of shapes to the CPU.
        stream: address of the CUDA stream to run on; None for one of ONNX Runtime's.
        cuda_graph: record what the device does in one run, and replay it in all others, on the same memory.

    Raises:
        ExportError: if an option is not known or breaks its rule, or onnxruntime was built without the provider.

    Example:
        >>> Execution(threads=2).provider
        'CPUExecutionProvider'
    """

    provider: str = attrs.field(default="cpu", converter=_full_name)
    device_id: int = 0
    threads: int | None = None
    pool: Pool = "stopping"
    provider_options: ProviderOptions = attrs.field(factory=ProviderOptions)
    allow_cpu: bool = False
    stream: int | None = None
    cuda_graph: bool = False

    def __attrs_post_init__(self) -> None:
        """Check."""
        if self.device_id < 0:
            raise ExportError(f"device_id must not be negative, but got {self.device_id}.")
        if self.threads is not None and self.threads < 1:
            raise ExportError(f"threads must be positive, but got {self.threads}.")
        if self.pool not in get_args(Pool):
            raise ExportError(f"pool must be {', '.join(get_args(Pool))}, but got {self.pool!r}.")
        if self.cuda_graph and not self.on_gpu:
            raise ExportError(f"CUDA graphs need the provider cuda or tensorrt, but got {self.provider}.")
        self._check_provider_options()

    @property
    def on_gpu(self) -> bool:
        """Whether the provider is CUDA or TensorRT."""
        return self.provider in _KNOWN

    def providers(self, model: bytes) -> list[tuple[str, dict[str, str]]]:
        """What ONNX Runtime is asked for, in its own words.

        Args:
            model: an ONNX file's content: TensorRT's cache does not look at the weights, so that of another model with
                the same graph would be taken for this one's.
        """
        if not self.on_gpu:
            return [(self.provider, {})]
        common = {"device_id": str(self.device_id)}
        if self.stream is not None:
            common["user_compute_stream"] = str(self.stream)
        cuda = {**common, "use_tf32": "0", "enable_cuda_graph": str(int(self.cuda_graph)), **self._translate(_CUDA)}
        if self.provider == PROVIDERS["cuda"]:
            return [(self.provider, cuda)]
        tensorrt = {**common, "trt_cuda_graph_enable": str(int(self.cuda_graph)), **self._translate(_TENSORRT)}
        if "engine_cache" in self.provider_options:
            folder = Path(self.provider_options["engine_cache"]) / sha256(model)[:16]
            tensorrt |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
            tensorrt |= {"trt_timing_cache_enable": "1", "trt_timing_cache_path": str(folder)}
        # Whatever TensorRT does not know falls to CUDA, which is part of how ONNX Runtime uses TensorRT.
        return [(self.provider, tensorrt), (PROVIDERS["cuda"], cuda)]

    def _translate(self, names: Mapping[str, str]) -> dict[str, str]:
        given: Mapping[str, Any] = self.provider_options
        return {own: _to_text(given[name]) for name, own in names.items() if name in given}

    def _check_provider_options(self) -> None:
        known = _KNOWN.get(self.provider, ())
        for name, value in self.provider_options.items():
            if name not in known:
                rule = f"be {', '.join(known)}" if known else "be left out"
                raise ExportError(f"provider_options of {self.provider} must {rule}, but got {name!r}.")
            rule = _broken_rule(name, value)
            if rule:
                raise ExportError(f"provider_options: {name} must be {rule}, but got {value!r}.")


def _broken_rule(name: str, value: object) -> str:
    """What an option must be, where it is not that."""
    if name in ("tf32", "fp16"):
        return "" if isinstance(value, bool) else "True or False"
    if name == "memory_limit":
        return "" if isinstance(value, int) and value > 0 else "a positive number of bytes"
    if name == "conv_search":
        return "" if value in get_args(ConvolutionSearch) else ", ".join(get_args(ConvolutionSearch))
    is_folder = isinstance(value, str | os.PathLike) and not Path(value).is_file()
    return "" if is_folder else "a folder"


def _to_text(value: object) -> str:
    if isinstance(value, str):
        return value.upper()
    return str(int(value) if isinstance(value, bool) else value)
