"""Activations of frozen trunks, kept on disk: training then computes what trains, and nothing else."""

from hashlib import blake2b
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int64
from safetensors.torch import load, save
from torch import Tensor, nn

from ..files.bounded_folder import BoundedFolder
from .trunk_encoder import TrunkEncoder
from .trunk_fingerprint import Versions, tensor_bytes, trunk_fingerprint, weight_versions

MAX_BYTES: Final = 16 * 2**30
"""How much disk a cache takes at most by default."""

_ACTIVATIONS: Final = "activations"


class TrunkCache:
    """Keeps what frozen trunks make of samples, in a folder that any number of runs may share.

    An entry is one row's activations. It is found by the row's own input (padding does not count), the trunk (see
    `trunk_fingerprint`) and the precision. A row that is not there is computed by itself, so that what it gets does not
    depend on the rest of its batch, nor on what was cached before: a run repeats bit by bit, whether its cache was
    full, empty, shared or damaged. A whole batch at once gives the same to the rounding of the precision.

    Args:
        folder: of the entries.
        max_bytes: that they may take together; see `BoundedFolder` for what happens then.

    Raises:
        ValueError: if `max_bytes` is not positive.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from acclimate.framework.encoders import SpeakerLSTM
        >>> encoder = SpeakerLSTM(8000, trainable_layers=0)
        >>> with TemporaryDirectory() as folder:
        ...     TrunkCache(Path(folder)).activations(encoder, torch.zeros(2, 4000)).shape
        torch.Size([2, 1, 256])
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._entries = BoundedFolder(folder, max_bytes)
        self._fingerprints: WeakKeyDictionary[TrunkEncoder, tuple[Versions, str]] = WeakKeyDictionary()

    @torch.no_grad()
    def activations(
        self, encoder: TrunkEncoder, values: Tensor, lengths: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch ..."]:
        """What `encoder.trunk` gives, computed or read.

        Args:
            encoder: one with a frozen trunk.
            values: what it encodes, `(B, ...)`.
            lengths: how many steps of each row are its own; None means all.

        Returns:
            Each row's own steps, and zeros behind them up to those of the longest.

        Raises:
            ValueError: if the encoder has no frozen trunk.
        """
        context = f"{self._fingerprint(encoder)} {_precision(values.device)}"
        rows = []
        on_cpu = values.cpu()
        for number in range(len(values)):
            own, length = on_cpu[number : number + 1], None if lengths is None else lengths[number : number + 1]
            if length is not None and encoder.time_axis is not None:
                own = own.narrow(encoder.time_axis, 0, int(length))
            key = _key(context, own)
            entry = self._entries.read(key)
            found = _compute(encoder, own.to(values.device), length) if entry is None else load(entry)[_ACTIVATIONS]
            if entry is None:
                self._entries.write(key, save({_ACTIVATIONS: found}))
            rows.append(found)
        together = torch.stack(rows) if lengths is None else nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return together.to(values.device)

    def _fingerprint(self, encoder: TrunkEncoder) -> str:
        versions = weight_versions(encoder)
        known = self._fingerprints.get(encoder)
        if known is None or known[0] != versions:
            known = versions, trunk_fingerprint(encoder)
            self._fingerprints[encoder] = known
        return known[1]


def _compute(encoder: TrunkEncoder, own: Tensor, length: Int64[Tensor, "1"] | None) -> Float[Tensor, "..."]:
    found = encoder.trunk(own, length)[0]
    return (found if length is None else found[: int(encoder.steps(length))]).cpu().contiguous()


def _key(context: str, own: Tensor) -> str:
    digest = blake2b(f"{context} {own.dtype} {tuple(own.shape)} ".encode(), digest_size=32)
    digest.update(tensor_bytes(own))
    return digest.hexdigest()


def _precision(device: torch.device) -> str:
    """How numbers are rounded there: autocast's type, and what float32 is multiplied in."""
    cast = torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else None
    return f"{device.type} {cast} {torch.get_float32_matmul_precision()}"
