"""What a user names: a folder, a checkpoint of the zoo, or a repository of the hub."""

import os
from collections.abc import Sequence
from pathlib import Path

from ..framework.errors import ZooError
from .folder import CheckpointFolder, open_folder
from .mirrors.hub_mirror import SCHEME
from .names import is_name
from .pulling import pull


def as_folder(name_or_path: str | os.PathLike[str]) -> Path | None:
    """The folder that is meant; None where a name of the zoo or a repository of the hub is.

    Text of the form `method.tag` is a name, even if there is a folder of that name: what a name leads to must not
    depend on the current folder. Such a folder is meant by `./method.tag`, or by a `Path`.

    Args:
        name_or_path: as the user gave it.

    Example:
        >>> as_folder("rna-uda.wrist") is None, as_folder("hf://owner/repo") is None
        (True, True)
        >>> as_folder("./rna-uda.wrist").name
        'rna-uda.wrist'
    """
    if isinstance(name_or_path, str) and (is_name(name_or_path) or name_or_path.startswith(SCHEME)):
        return None
    return Path(name_or_path)


def open_checkpoint(
    name_or_path: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | None = None,
    mirrors: Sequence[str] = (),
    progress: bool = False,
) -> CheckpointFolder:
    """A checkpoint that is checked: a folder by its own hashes, a name by the registry's.

    Args:
        name_or_path: see `as_folder`.
        revision: see `pull`, as for all that follow.
        cache_dir: see `pull`.
        local_files_only: see `pull`.
        token: see `pull`.
        mirrors: see `pull`.
        progress: see `pull`.

    Raises:
        ZooError: if there is none, or not as it should be.
    """
    folder = as_folder(name_or_path)
    if folder is not None:
        if revision is not None:
            raise ZooError(f"{folder} is a folder, which has no revisions, but {revision[:99]!r} is given.")
        if not os.path.isdir(folder):  # noqa: PTH112 - Path's own raises where a name is too long
            raise ZooError(f"{folder} is neither a folder nor a name of the zoo, see `acclimate zoo list`.")
        return open_folder(folder)
    name = str(name_or_path)
    try:
        return pull(
            name,
            mirrors=mirrors,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            token=token,
            revision=revision,
            progress=progress,
        )
    except ZooError as error:
        if not os.path.isdir(name):  # noqa: PTH112
            raise
        raise ZooError(f"{error} The folder of that name is meant by ./{name}") from error
