"""A model by the name of its checkpoint, with its weights or with fresh ones."""

import os
from collections.abc import Collection, Sequence

from ..framework.model import MultimodalModel
from ..framework.recipes.class_paths import TRUSTED
from .adapted_model import AdaptedModel
from .architecture import build_model
from .config import CheckpointConfig
from .names import CONFIG_FILE, WEIGHTS_FILE
from .opening import open_checkpoint


def create_model(
    name: str | os.PathLike[str],
    *,
    pretrained: bool = True,
    seed: int = 0,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | None = None,
    mirrors: Sequence[str] = (),
    trusted: Collection[str] = TRUSTED,
) -> MultimodalModel:
    """The model of a checkpoint: adapted and in evaluation mode, or of the same architecture and not trained yet.

    `AdaptedModel.from_pretrained` also tells what it was trained on, how data are prepared for it, and how good it is.

    Args:
        name: see `AdaptedModel.from_pretrained`, as for all that follow `seed`.
        pretrained: whether the weights are the checkpoint's; if not, they are those that training would begin with.
        seed: of the fresh weights; torch's own generator is left as it was.
        revision: of a repository of the hub.
        cache_dir: where what is pulled is kept.
        local_files_only: open no socket.
        token: for `mirrors` and the hub.
        mirrors: addresses or folders that are asked for a name.
        trusted: prefixes, one of which every class that the checkpoint names must have.

    Raises:
        ZooError: if there is no such checkpoint, or anything in it is not what it should be.

    Example:
        >>> create_model("rna-uda.wrist", pretrained=False, seed=1).modalities
        ('accelerometer', 'gyroscope')
    """
    files = open_checkpoint(
        name,
        revision=revision,
        cache_dir=cache_dir,
        local_files_only=local_files_only,
        token=token,
        mirrors=mirrors,
    )
    if pretrained:
        return AdaptedModel.from_files(files, trusted=trusted).model
    file = str(files.path / CONFIG_FILE)
    config = CheckpointConfig.from_json(files.read(CONFIG_FILE), file, trusted)
    return build_model(config, file, weights=files.sizes[WEIGHTS_FILE], trusted=trusted, seed=seed)
