"""Names of a graph's inputs and outputs: they come from modalities and tasks, and so are known before any training."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from .layout import JOINT, Task

PRESENT: Final = "present"
"""Name of the graph's input that says which modalities each row has."""

LENGTH: Final = "{modality}_length"
"""Name of the graph's input that says how many steps of each row are its own."""

FEATURES: Final = "{modality}_features"
"""Name of what an encoder gives, and of the fusion's input."""

_SEPARATORS: Final = frozenset("/\\\0")


def logits_names(tasks: Sequence[Task], modalities: Sequence[str]) -> dict[str, dict[str, str]]:
    """Names of the graph's outputs by task, then by modality and `JOINT`.

    Example:
        >>> logits_names([Task("digit", ("0", "1"))], ["audio"])
        {'digit': {'joint': 'logits', 'audio': 'audio_logits'}}
        >>> logits_names([Task("noun"), Task("verb")], ["audio"])["verb"]
        {'joint': 'verb_logits', 'audio': 'verb_audio_logits'}
    """
    names: dict[str, dict[str, str]] = {}
    for task in tasks:
        stem = "" if len(tasks) == 1 else f"{task.name}_"
        names[task.name] = {JOINT: f"{stem}logits"} | {name: f"{stem}{name}_logits" for name in modalities}
    return names


def can_name_a_file(name: str) -> bool:
    """Whether a name leads nowhere else, and is not hidden: tools write a graph's inputs and outputs into files.

    Example:
        >>> can_name_a_file("wrist-left"), can_name_a_file("../wrist"), can_name_a_file(".wrist")
        (True, False, False)
    """
    return bool(name) and not name.startswith(".") and name.isprintable() and not _SEPARATORS & set(name)


def name_taken_twice(names: Iterable[str]) -> str | None:
    """What is wrong with names of a graph's inputs and outputs, if any of them is empty or stands twice.

    Example:
        >>> name_taken_twice(["mood_logits", "logits", "mood_logits"])
        "the graph's inputs and outputs need names of their own, but 'mood_logits' would name two"
    """
    seen: set[str] = set()
    for name in names:
        if name in seen or not name:
            return f"the graph's inputs and outputs need names of their own, but {name!r} would name two"
        seen.add(name)
    return None


def find_clash(tasks: Sequence[Task], modalities: Sequence[str], told_lengths: Sequence[str]) -> str | None:
    """What is wrong with the columns of a table by the names that an exported graph would have.

    Args:
        tasks: what is predicted.
        modalities: sorted.
        told_lengths: the modalities whose rows may differ in length, and whose lengths encoders may be told.

    Example:
        >>> find_clash([Task("label")], ["video", "video_length"], ["video"])
        "the graph's inputs and outputs ... but 'video_length' would name two: modality 'video_length', and lengths ..."
    """
    ports = list(_describe_ports(tasks, modalities, told_lengths))
    found = name_taken_twice(name for name, _ in ports)
    if found is None:
        return None
    first, second = next(
        (what, other)
        for position, (name, what) in enumerate(ports)
        for twin, other in ports[position + 1 :]
        if twin == name
    )
    return f"{found}: {first}, and {second}; rename a column"


def _describe_ports(
    tasks: Sequence[Task], modalities: Sequence[str], told_lengths: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Names of all inputs and outputs, and what each is."""
    yield from ((name, f"modality {name!r}") for name in modalities)
    yield PRESENT, "what is present"
    yield from ((LENGTH.format(modality=name), f"lengths of {name!r}") for name in told_lengths)
    yield from ((FEATURES.format(modality=name), f"features of {name!r}") for name in modalities)
    for task, by_modality in logits_names(tasks, modalities).items():
        for modality, name in by_modality.items():
            yield name, f"logits of task {task!r}" + ("" if modality == JOINT else f" by {modality!r}")
