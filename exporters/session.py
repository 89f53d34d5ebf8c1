"""Predictions from an artefact with numpy and ONNX Runtime."""

import os
from collections.abc import Mapping
from typing import Any, NoReturn

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.data.preprocessing import Prepared
from ..framework.data.schema import Schema
from ..framework.errors import DataError, ExportError
from ..framework.layout import JOINT, Task
from ..framework.port_names import PRESENT
from .array_feed import check_names, make_feed
from .artefact import CONFIG_FILE, METADATA_KEY, ArtefactConfig
from .artefact_folder import read_artefact
from .documents import parse_document
from .execution import AUTO, Execution
from .opened_graphs import open_graphs
from .runtime import ArrayMemory, Graph, Placement, Runtime
from .source import Source, decode_source


@attrs.frozen
class Prediction:
    """What an artefact says of one sample.

    Args:
        labels: the most probable class, or the number for a regression target, by task.
        probabilities: of each class, by task; none for a regression target.
        modalities: those that were given.

    Example:
        >>> prediction = Prediction({"activity": "run"}, {"activity": {"run": 0.9, "walk": 0.1}}, ("gyroscope",))
        >>> prediction.labels["activity"], prediction.probabilities["activity"]["run"]
        ('run', 0.9)
    """

    labels: Mapping[str, str | float]
    probabilities: Mapping[str, Mapping[str, float]]
    modalities: tuple[str, ...]


class Session:
    """An artefact, ready to run. Several threads may use one session at the same time, processes may not.

    Attributes:
        config: what the artefact says of itself.
        outputs: names of the outputs by task, then by modality and `joint`.
        opened: the graphs, by their files.
        ports: what each modality's input must be.

    Args:
        path: the artefact's folder, or its main graph, model.onnx or fusion.onnx. Without a config.json beside it, the
            graph's own metadata count.
        provider: `"cpu"`, `"cuda"`, `"tensorrt"`, ONNX Runtime's name of an execution provider, or `"openvino"` and
            `"openvino-bfloat16"`, see `Execution`; `"auto"` is what answers fastest, see `fastest_provider`.
        device_id: which of several GPUs.
        threads: that compute one operator together on the CPU; None for ONNX Runtime's choice.
        execution: these three and all other options, in their place.
        runtime: what opens the graphs in place of ONNX Runtime, to which alone the options above are told: a class of
            Graphs, see `runtime`.

    Raises:
        ExportError: if there is no artefact at `path`, it was altered or damaged, an option breaks its rule, or another
            provider than the one asked for would run it.

    Example:
        >>> from importlib.resources import files
        >>> folder = files("acclimate.zoo") / "checkpoints/rna-uda.wrist"
        >>> session = Session(folder)
        >>> session.modalities, session.provider
        (('accelerometer', 'gyroscope'), 'CPUExecutionProvider')
        >>> session.predict({"gyroscope": np.zeros((100, 3))}).modalities
        ('gyroscope',)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        provider: str = "cpu",
        device_id: int = 0,
        threads: int | None = None,
        execution: Execution | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._process = os.getpid()
        execution = execution or Execution(provider=provider, device_id=device_id, threads=threads)
        stored = read_artefact(path, check=False)
        if runtime is None and execution.provider == AUTO:
            from .fastest_provider import choose_provider

            execution = choose_provider(path, stored, execution)
        runtime = runtime or execution.runtime
        name = str(stored.file)
        # Hashing takes about as long as opening, on another core.
        finish_check = stored.check_beside()
        try:
            main = runtime(stored.content, name)
        finally:
            finish_check()  # What is damaged is refused as such, whatever the runtime says of it.
        config = ArtefactConfig.from_document(_own_document(main, stored.document, name), name)
        self.config, self.outputs = config, config.outputs
        self.opened = open_graphs(main, config, lambda file: stored.read(file, config), runtime, name)
        self.ports = self.opened.ports
        self._graphs = self.opened.connect(self.opened.files, ArrayMemory())
        self._output_names = [name for names in self.outputs.values() for name in names.values()]

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or pickled."""
        raise TypeError(
            "a Session can be neither pickled nor copied: open one in each process, by the artefact's path."
        )

    @property
    def schema(self) -> Schema:
        """Preprocessing of each modality, and the tasks."""
        return self.config.schema

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, the columns of `present`."""
        return self.schema.modalities

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is predicted."""
        return self.schema.tasks

    @property
    def provider(self) -> str:
        """The name of what runs the graphs: ONNX Runtime's name of an execution provider, or another runtime's own."""
        return self.opened.main.provider

    @property
    def placement(self) -> Mapping[str, Placement]:
        """How many operators of each type run, by file of the artefact, by execution provider, then by type."""
        return {file: graph.placement for file, graph in self.opened.files.items()}

    def check_process(self) -> None:
        """Raise ExportError in another process than the one that opened the session."""
        if os.getpid() != self._process:
            raise ExportError(
                f"process {self._process} opened this session, and its threads did not follow into the fork, "
                f"{os.getpid()}: open a session in each process."
            )

    def run(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[Any] | None = None,
        lengths: Mapping[str, NDArray[Any]] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Run a batch of preprocessed rows.

        Args:
            inputs: `(B, ...)` by modality; one that no row has may be left out. An absent slot may hold anything.
            present: `(B, M)` of bool, 0 or 1: which modalities each row has; None means all that `inputs` holds.
            lengths: `(B,)` by modality: how many steps of each row are its own, where rows of different lengths were
                padded; None means all. Encoders that are not told lengths do not look at them.

        Returns:
            `(B, C)` by the graph's outputs, see `outputs`; zeros for an absent modality's own logits.

        Raises:
            DataError: if an input is of another name, type, shape or number of rows, a row has no modality, a present
                slot holds NaN, infinity or an unknown token, or the graph refuses the batch.
            ExportError: if the graph fails, or another process opened the session.
        """
        self.check_process()
        feed = make_feed(inputs, present, self.ports, lengths)
        found = self._graphs.run(feed, feed[PRESENT] > 0.5)
        return dict(zip(self._output_names, found, strict=True))

    def predict(self, files: Mapping[str, Source]) -> Prediction:
        """Read, preprocess and classify one sample.

        Args:
            files: by modality, paths or arrays, and for text the text itself, see `source.decode_source`; those that
                the sample lacks are left out.

        Raises:
            DataError: if a modality is not known or none is given, a file cannot be read or does not fit the
                preprocessing, or the answer is no finite number.
        """
        check_names(files, self.modalities)
        given = tuple(name for name in self.modalities if name in files)
        prepared = {name: self._prepare(name, files[name]) for name in given}
        logits = self.run(
            {name: found.values[np.newaxis] for name, found in prepared.items()},
            lengths={name: np.array([found.length]) for name, found in prepared.items() if found.length is not None},
        )
        labels: dict[str, str | float] = {}
        probabilities: dict[str, Mapping[str, float]] = {}
        for task in self.tasks:
            row = logits[self.outputs[task.name][JOINT]][0].astype(np.float64)
            if not np.isfinite(row).all():
                raise DataError(f"{task.name}: expected a finite answer, but got {row}: the inputs are too large.")
            if task.classes is None:
                labels[task.name] = float(row[0])
            else:
                labels[task.name] = task.classes[int(row.argmax())]
                probabilities[task.name] = dict(zip(task.classes, _softmax(row), strict=True))
        return Prediction(labels, probabilities, given)

    def _prepare(self, modality: str, source: Source) -> Prepared:
        try:
            preprocessing = self.schema.preprocessing[modality]
            return preprocessing.prepare(decode_source(source, takes_text=preprocessing.kind == "text"))
        except DataError as error:
            raise DataError(f"{modality}: {error}") from error


def read_config(path: str | os.PathLike[str]) -> ArtefactConfig:
    """What an artefact takes and gives, without making it ready to run.

    Args:
        path: the artefact's folder, or its model.onnx.

    Raises:
        ExportError: as `Session` does.

    Example:
        >>> from importlib.resources import files
        >>> folder = files("acclimate.zoo") / "checkpoints/rna-uda.wrist"
        >>> config = read_config(folder)
        >>> config.form, config.precision, config.inputs
        ('branch', 'float32', ('accelerometer', 'gyroscope', 'present'))
    """
    stored = read_artefact(path)
    if stored.document is None:
        return Session(path).config
    return ArtefactConfig.from_document(stored.document, str(stored.file.with_name(CONFIG_FILE)))


def _own_document(graph: Graph, document: dict[str, Any] | None, name: str) -> dict[str, Any]:
    """The configuration in the model's metadata, which config.json must repeat."""
    text = graph.metadata.get(METADATA_KEY)
    if text is None:
        raise ExportError(f"{name} is no artefact of acclimate: its metadata hold no {METADATA_KEY!r}.")
    own = parse_document(text, f"{name} is no artefact of acclimate: its {METADATA_KEY!r}")
    if document not in (None, own):
        raise ExportError(f"{name} and the config.json beside it hold different configurations.")
    return own


def _softmax(logits: NDArray[np.float64]) -> list[float]:
    weights = np.exp(logits - logits.max())
    shares: list[float] = (weights / weights.sum()).tolist()
    return shares
