"""An adapted model with its card: saved to a folder, and loaded from one, from a name of the zoo, or from the hub."""

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import attrs
from safetensors.torch import save as save_tensors

from ..exporters.onnx import export_onnx
from ..framework.files.hashes import file_sha256
from ..framework.model import MultimodalModel
from ..framework.recipes.class_paths import TRUSTED
from .architecture import build_model
from .card import write_card
from .config import CheckpointConfig
from .copying import new_folder
from .folder import CheckpointFolder, format_hashes, open_folder
from .metrics import CheckpointMetrics
from .mirrors.hub_push import push_folder
from .names import CARD_FILE, CONFIG_FILE, GRAPH_FILE, HASHES_FILE, METRICS_FILE, WEIGHTS_FILE
from .opening import open_checkpoint
from .texts import decode_card
from .weights import check_finite, read_weights, set_weights


@attrs.frozen(eq=False)
class AdaptedModel:
    """A model that was adapted, and all that one must know of it.

    Args:
        model: with its weights.
        config: how it was built and trained.
        metrics: how good it is.
    """

    model: MultimodalModel
    config: CheckpointConfig
    metrics: CheckpointMetrics

    def save_pretrained(self, folder: str | os.PathLike[str]) -> CheckpointFolder:
        """Write a checkpoint: weights, configuration, metrics, card, an artefact for ONNX Runtime, and their hashes.

        The folder is there whole or not at all.

        Args:
            folder: does not exist yet, or is empty.

        Raises:
            ZooError: if it holds something, or cannot be written.
            ExportError: if the model cannot be exported.
        """
        out = Path(folder)
        with new_folder(out) as unfinished:
            self._write(unfinished)
        return open_folder(out)

    def push_to_hub(
        self,
        repo: str,
        *,
        token: str | None = None,
        private: bool | None = None,
        commit_message: str | None = None,
        revision: str | None = None,
    ) -> str:
        """Save a checkpoint in a repository of the Hugging Face hub, in one commit. Needs the extra `hub`.

        Args:
            repo: `owner/repo`, made if it is not there, or `hf://owner/repo/path` for a folder of it.
            token: that may write; None means the one of HF_TOKEN or `hf auth login`.
            private: whether a new repository is; None leaves it to the hub.
            commit_message: None names the checkpoint.
            revision: the branch, made if it is not there; None means the main one.

        Returns:
            `hf://owner/repo@commit`, which `from_pretrained` takes, and which names these bytes for ever.

        Raises:
            ZooError: if the hub cannot be reached, or refuses.
            ExportError: if the model cannot be exported.
        """
        with TemporaryDirectory() as scratch:
            folder = self.save_pretrained(Path(scratch) / self.config.name)
            return push_folder(
                folder, repo, token=token, private=private, commit_message=commit_message, revision=revision
            )

    def _write(self, folder: Path) -> None:
        check_finite(self.model.state_dict(), WEIGHTS_FILE)
        export_onnx(self.model, folder, self.config.schema, form="branch", recipe=self.config.recipe.name)
        artefact = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        (folder / CONFIG_FILE).write_text(self.config.to_json(artefact), encoding="utf-8")
        (folder / METRICS_FILE).write_text(self.metrics.to_json(), encoding="utf-8")
        (folder / CARD_FILE).write_text(write_card(self.config, self.metrics), encoding="utf-8")
        # Copies: safetensors holds no two names of one tensor.
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        (folder / WEIGHTS_FILE).write_bytes(save_tensors(tensors))
        names = (CARD_FILE, CONFIG_FILE, GRAPH_FILE, METRICS_FILE, WEIGHTS_FILE)
        hashes = {name: file_sha256(folder / name) for name in names}
        (folder / HASHES_FILE).write_text(format_hashes(hashes), encoding="ascii")

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str], *, trusted: Collection[str] = TRUSTED) -> Self:
        """Load a checkpoint's folder, after all of it was checked.

        Args:
            folder: of a checkpoint.
            trusted: prefixes, one of which every class that the checkpoint names must have; name your own package to
                load a checkpoint with your own classes.

        Raises:
            ZooError: if anything in it is not what it should be; the message names the file.
        """
        return cls.from_files(open_folder(folder), trusted=trusted)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        local_files_only: bool = False,
        token: str | None = None,
        mirrors: Sequence[str] = (),
        trusted: Collection[str] = TRUSTED,
    ) -> Self:
        """Load a checkpoint of the zoo, of the hub, or from a folder, after all of it was checked.

        Args:
            name_or_path: a name such as `rna-uda.wrist`, `hf://owner/repo[@revision][/path]`, or a folder. Text of the
                form `method.tag` is a name always; a folder that is called so is meant by `./method.tag`.
            revision: of a repository of the hub: branch, tag or commit.
            cache_dir: where what is pulled is kept; None means ACCLIMATE_CACHE, or else the user's own cache.
            local_files_only: open no socket, as ACCLIMATE_OFFLINE=1 does for all.
            token: for `mirrors` and the hub.
            mirrors: addresses or folders that are asked for a name, see `pull`.
            trusted: see `from_folder`.

        Raises:
            ZooError: if there is none, it cannot be fetched, or anything in it is not what it should be.
        """
        files = open_checkpoint(
            name_or_path,
            revision=revision,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            token=token,
            mirrors=mirrors,
        )
        return cls.from_files(files, trusted=trusted)

    @classmethod
    def from_files(cls, files: CheckpointFolder, *, trusted: Collection[str] = TRUSTED) -> Self:
        """Load a checkpoint whose files were checked, as `pull` does: what is read has the very hashes.

        Args:
            files: of the checkpoint.
            trusted: see `from_folder`.

        Raises:
            ZooError: if one of them changed since, or is not what it should be.
        """
        config_file = str(files.path / CONFIG_FILE)
        config = CheckpointConfig.from_json(files.read(CONFIG_FILE), config_file, trusted)
        metrics = CheckpointMetrics.from_json(files.read(METRICS_FILE), str(files.path / METRICS_FILE))
        decode_card(files.read(CARD_FILE), str(files.path / CARD_FILE))
        tensors = read_weights(files)
        model = build_model(config, config_file, weights=files.sizes[WEIGHTS_FILE], trusted=trusted)
        set_weights(model, tensors, str(files.path / WEIGHTS_FILE))
        return cls(model.eval(), config, metrics)
