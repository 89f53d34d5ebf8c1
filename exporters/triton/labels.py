"""Names of classes as Triton's label files, so that a client may ask for the most probable classes by name."""

from collections.abc import Mapping, Sequence

import attrs

from ...framework.errors import ExportError
from ...framework.layout import JOINT
from ..artefact import ArtefactConfig
from .pbtxt import Document


@attrs.frozen
class LabelFiles:
    """The label files of an artefact's tasks.

    Args:
        contents: text of each file, a class a line.
        by_output: the file of each output; none for those of a regression target.
    """

    contents: Mapping[str, str]
    by_output: Mapping[str, str]

    @classmethod
    def of(cls, config: ArtefactConfig) -> "LabelFiles":
        """A file for each task that has classes, `labels.txt` or `<task>_labels.txt`.

        Raises:
            ExportError: if the name of a class takes more than a line.
        """
        contents: dict[str, str] = {}
        by_output: dict[str, str] = {}
        for task in config.schema.tasks:
            if task.classes is None:
                continue
            outputs = config.outputs[task.name]
            file = f"{outputs[JOINT].removesuffix('logits')}labels.txt"
            for name in task.classes:
                if "\n" in name:
                    raise ExportError(f"{task.name}: a label file has a line for each class, but one is {name!r}.")
            contents[file] = "".join(f"{name}\n" for name in task.classes)
            by_output |= dict.fromkeys(outputs.values(), file)
        return cls(contents, by_output)

    def attach(self, outputs: Sequence[Document]) -> list[Document]:
        """The outputs, each with its label file."""
        return [
            {**port, "label_filename": self.by_output[port["name"]]} if port["name"] in self.by_output else port
            for port in outputs
        ]
