"""Execution providers of ONNX Runtime, and what only some of them know."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict, get_args

import onnxruntime

from ...framework.errors import ExportError

if TYPE_CHECKING:
    from ..execution import Execution

PROVIDERS: Final = MappingProxyType(
    {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
)
"""Short names of execution providers."""

ConvolutionSearch: TypeAlias = Literal["exhaustive", "heuristic", "default"]
"""How cuDNN's algorithm for a convolution is chosen: by trying all, once a shape; by a guess; always the same."""


class ProviderOptions(TypedDict, total=False):
    """What only some providers know.

    Example:
        >>> ProviderOptions(tf32=True, conv_search="heuristic")
        {'tf32': True, 'conv_search': 'heuristic'}
    """

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

GPU_PROVIDERS: Final = frozenset(_KNOWN)
"""ONNX Runtime's names of those that run on a GPU."""


def full_name(provider: str) -> str:
    """ONNX Runtime's name of a provider.

    Raises:
        ExportError: if it has none of that name, or was built without it.

    Example:
        >>> full_name("cpu")
        'CPUExecutionProvider'
    """
    wanted = PROVIDERS.get(provider.lower(), provider)
    if wanted not in onnxruntime.get_all_providers():
        raise ExportError(
            f"provider must be {', '.join(PROVIDERS)}, openvino or ONNX Runtime's own name, but got {provider!r}."
        )
    # This lists what was compiled in, so it can rule a provider out but never in.
    if wanted not in onnxruntime.get_available_providers():
        raise ExportError(f"the installed onnxruntime {onnxruntime.__version__} was built without {wanted}.")
    return wanted


def requested_providers(execution: "Execution", model: bytes) -> list[tuple[str, dict[str, str]]]:
    """What ONNX Runtime is asked for, in its own words.

    Args:
        execution: How the graph is to be run.
        model: An ONNX file's content: TensorRT's cache does not look at the weights, so that of another model with the
            same graph would be taken for this one's.
    """
    provider, options = execution.provider, execution.provider_options
    if not execution.on_gpu:
        return [(provider, {})]
    common = {"device_id": str(execution.device_id)}
    if execution.stream is not None:
        common["user_compute_stream"] = str(execution.stream)
    recorded = str(int(execution.cuda_graph))
    cuda = {**common, "use_tf32": "0", "enable_cuda_graph": recorded, **_translate(options, _CUDA)}
    if provider == PROVIDERS["cuda"]:
        return [(provider, cuda)]
    tensorrt = {**common, "trt_cuda_graph_enable": recorded, **_translate(options, _TENSORRT)}
    if "engine_cache" in options:
        from ...framework.files.hashes import sha256

        folder = Path(options["engine_cache"]) / sha256(model)[:16]
        tensorrt |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
        tensorrt |= {"trt_timing_cache_enable": "1", "trt_timing_cache_path": str(folder)}
    # Whatever TensorRT does not know falls to CUDA, which is part of how ONNX Runtime uses TensorRT.
    return [(provider, tensorrt), (PROVIDERS["cuda"], cuda)]


def check_options(provider: str, options: ProviderOptions) -> None:
    """Check that a provider knows its options.

    Args:
        provider: ONNX Runtime's name of it.
        options: What the user gave.

    Raises:
        ExportError: naming the option that it does not know, or that breaks its rule.
    """
    known = _KNOWN.get(provider, ())
    for name, value in options.items():
        if name not in known:
            rule = f"be {', '.join(known)}" if known else "be left out"
            raise ExportError(f"provider_options of {provider} must {rule}, but got {name!r}.")
        rule = _broken_rule(name, value)
        if rule:
            raise ExportError(f"provider_options: {name} must be {rule}, but got {value!r}.")


def _translate(options: ProviderOptions, names: Mapping[str, str]) -> dict[str, str]:
    given: Mapping[str, Any] = options
    return {own: _to_text(given[name]) for name, own in names.items() if name in given}


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
