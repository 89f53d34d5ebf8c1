"""Which commands there are, and the module of each: it is imported when its command is asked for."""

from types import MappingProxyType
from typing import Final

from .framework.command_line import Command

COMMANDS: Final = MappingProxyType(
    {
        "adapt": Command(
            "acclimate.framework.commands.adapt",
            "train a recipe on a table of files and adapt it to a target domain",
        ),
        "evaluate": Command(
            "acclimate.exporters.commands.evaluate",
            "score a run or an artefact, with every subset of its modalities",
        ),
        "estimate": Command(
            "acclimate.exporters.commands.estimate",
            "say how good a run or an artefact probably is on rows without labels",
        ),
        "audit": Command(
            "acclimate.exporters.commands.audit",
            "name the rows whose labels would tell most of candidates, and say what they tell",
        ),
        "export": Command("acclimate.exporters.commands.export", "write a run as one ONNX artefact"),
        "map": Command(
            "acclimate.exporters.commands.map",
            "search, without labels, which maps of its inputs suit a model to a target, and write it with them",
        ),
        "predict": Command("acclimate.exporters.commands.predict", "classify files with an artefact; needs no torch"),
        "serve": Command(
            "acclimate.exporters.commands.serve", "answer requests with an artefact, over KServe's server"
        ),
        "compare": Command(
            "acclimate.framework.commands.compare",
            "run recipes on shifts with several seeds, and compare them with source-only",
        ),
        "choose": Command(
            "acclimate.framework.commands.choose",
            "train several recipes, and take the one that is surely better on an unlabelled target",
        ),
        "validate": Command(
            "acclimate.framework.commands.validate",
            "score finished runs without target labels, by all scores that there are",
        ),
        "data": Command(
            "acclimate.framework.commands.data", "check a table of files, corrupt one, or convert a pickle"
        ),
        "zoo": Command(
            "acclimate.zoo.commands.zoo",
            "list, show, pull and verify adapted checkpoints, train them again, publish more",
        ),
        "report": Command("acclimate.framework.commands.report", "write one HTML page about a finished run"),
        "demo": Command(
            "acclimate.exporters.commands.demo", "train, adapt, export and evaluate on real signals, in minutes"
        ),
    }
)
