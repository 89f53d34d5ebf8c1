"""Adapted checkpoints: list, pull, load, save and publish them, each with its card.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adapted_model import AdaptedModel as AdaptedModel
    from .config import CheckpointConfig as CheckpointConfig
    from .creation import create_model as create_model
    from .folder import CheckpointFolder as CheckpointFolder
    from .listing import list_models as list_models
    from .metrics import CheckpointMetrics as CheckpointMetrics
    from .publishing import publish as publish, publish_folder as publish_folder
    from .pulling import pull as pull
    from .registry import Registry as Registry, builtin_registry as builtin_registry
    from .registry_entry import RegistryEntry as RegistryEntry
    from .runs.from_run import make_checkpoint as make_checkpoint
    from .runs.reproduction import reproduce as reproduce
else:
    from ..framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "adapted_model": ["AdaptedModel"],
            "config": ["CheckpointConfig"],
            "creation": ["create_model"],
            "folder": ["CheckpointFolder"],
            "runs.from_run": ["make_checkpoint"],
            "listing": ["list_models"],
            "metrics": ["CheckpointMetrics"],
            "publishing": ["publish", "publish_folder"],
            "pulling": ["pull"],
            "registry": ["Registry", "builtin_registry"],
            "registry_entry": ["RegistryEntry"],
            "runs.reproduction": ["reproduce"],
        },
    )
