"""How graphs are run: on which provider and device, and with which threads."""

from functools import partial
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import attrs

from ..framework.errors import ExportError
from .onnx_runtime.provider_options import GPU_PROVIDERS, ProviderOptions, check_options, full_name
from .runtime import Runtime

ThreadPool: TypeAlias = Literal["stopping", "spinning", "sleeping", "shared"]
"""What the threads of a session do between its operators.

`stopping`: they wait busily while a graph runs, and sleep as soon as it is done. `spinning`: they wait busily for a
while after it, too, as ONNX Runtime does by default. `sleeping`: they never wait busily. `shared`: all sessions of the
process use one pool, which spins; once there is one, no session can be opened that has its own.
"""

OPENVINO: Final = MappingProxyType({"openvino": "OpenVINO", "openvino-bfloat16": "OpenVINO-bfloat16"})
"""Names of OpenVINO on the CPU, by their short ones: in float32, and with products in bfloat16 where operators can."""

AUTO: Final = "auto"
"""The provider that answers fastest on this processor, which a session finds out, see `fastest_provider`."""


def find_provider(provider: str) -> str:
    """The name of what runs graphs: ONNX Runtime's name of a provider, or OpenVINO's.

    Raises:
        ExportError: if there is none of that name, or what is installed is without it.

    Example:
        >>> find_provider("cpu")
        'CPUExecutionProvider'
    """
    if provider.lower() == AUTO:
        return AUTO
    wanted = OPENVINO.get(provider.lower(), provider)
    if wanted not in OPENVINO.values():
        return full_name(provider)
    if find_spec("openvino") is None:
        raise ExportError(f"provider {provider} needs the package openvino: pip install 'acclimate[openvino]'")
    return wanted


@attrs.frozen(kw_only=True)
class Execution:
    """How a graph is run.

    Args:
        provider: `"cpu"`, `"cuda"`, `"tensorrt"` or ONNX Runtime's name of an execution provider; the latter is kept.
            `"openvino"` and `"openvino-bfloat16"` are OpenVINO by itself, on the CPU; `"auto"` is what answers fastest
            there with an artefact.
        device_id: The number of the GPU, where there are several.
        threads: How many compute one operator together on the CPU; None for ONNX Runtime's choice, one for each core. A
            `shared` pool gets them when the process opens the first session that uses it.
        pool: What threads do between operators.
        provider_options: What only some providers know, see `ProviderOptions`.
        allow_cpu: Whether a GPU provider may leave more than computations of shapes to the CPU.
        stream: The address of the CUDA stream to run on; None for one of ONNX Runtime's.
        cuda_graph: Whether what the device does in one run is recorded, and replayed in all others on the same memory.

    Raises:
        ExportError: if an option is not known or breaks its rule, or onnxruntime was built without the provider.

    Example:
        >>> Execution(threads=2).provider
        'CPUExecutionProvider'
    """

    provider: str = attrs.field(default="cpu", converter=find_provider)
    device_id: int = 0
    threads: int | None = None
    pool: ThreadPool = "stopping"
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
        if self.pool not in get_args(ThreadPool):
            raise ExportError(f"pool must be {', '.join(get_args(ThreadPool))}, but got {self.pool!r}.")
        if self.cuda_graph and not self.on_gpu:
            raise ExportError(f"CUDA graphs need the provider cuda or tensorrt, but got {self.provider}.")
        if self.on_openvino and self.pool != "stopping":
            raise ExportError(f"pool is ONNX Runtime's, but the provider is {self.provider}: leave it out.")
        check_options(self.provider, self.provider_options)

    @property
    def on_gpu(self) -> bool:
        """Whether the provider is CUDA or TensorRT."""
        return self.provider in GPU_PROVIDERS

    @property
    def on_openvino(self) -> bool:
        """Whether OpenVINO runs it, and not ONNX Runtime."""
        return self.provider in OPENVINO.values()

    @property
    def runtime(self) -> Runtime:
        """What opens graphs to be run so.

        Raises:
            ExportError: if the provider is `auto`, which a `Session` resolves for its artefact.
        """
        if self.provider == AUTO:
            raise ExportError("provider auto is chosen for an artefact: give a Session the execution.")
        if self.on_openvino:
            from .openvino import opening

            return partial(opening.open_graph, self)
        from .onnx_runtime.opening import open_graph

        return partial(open_graph, self)
