"""The pages of the gallery. They ask no other place for anything, and a policy in them lets no other script run."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ...framework.report.templates import make_environment, page_style
from ...framework.report.theme import TONES
from .checkpoint_view import CheckpointView
from .overview import Overview
from .texts import write_score, write_spread

if TYPE_CHECKING:
    from jinja2 import Template

INDEX_PAGE: Final = "index.html"
GENERATOR: Final = '<meta name="generator" content="acclimate zoo site">'
"""Stands in every page, so that a former gallery is known as one."""

TITLE: Final = "Checkpoints"
_FOLDER: Final = files(__package__)


def render_pages(checkpoints: Sequence[CheckpointView]) -> dict[str, str]:
    """All pages by file name: the index, and one for each checkpoint.

    Args:
        checkpoints: in any order; the index has the best scores on the target first, as its script does.
    """
    environment = make_environment(_FOLDER)
    environment.filters["score"] = write_score
    environment.filters["spread"] = write_spread
    style = page_style() + _colour_classes() + _read("gallery.css")
    copy, search = _read("copy.js"), _read("filter.js")
    ordered = sorted(checkpoints, key=_order)
    entries = [view.listed.entry for view in ordered]
    pages = {
        INDEX_PAGE: _render(
            environment.get_template("index.html"),
            style,
            [copy, search],
            title=TITLE,
            lead=_count(ordered),
            checkpoints=ordered,
            overview=Overview.of(ordered),
            methods=_names(entry.recipe for entry in entries),
            data=_names(entry.data for entry in entries),
            tasks=_names(name for entry in entries for name in entry.tasks),
            modalities=_names(name for entry in entries for name in entry.modalities),
        )
    }
    template = environment.get_template("checkpoint.html")
    for view in ordered:
        pages[view.page] = _render(template, style, [copy], title=view.name, checkpoint=view)
    return pages


def _render(template: "Template", style: str, scripts: Sequence[str], **values: object) -> str:
    allowed = " ".join(f"'{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src '{_digest(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return template.render(policy=policy, style=style, scripts=scripts, generator=GENERATOR, **values)


def _digest(content: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _colour_classes() -> str:
    return "".join(f".{name}{{color:var(--{name})}}" for name, _ in TONES.values())


def _order(view: CheckpointView) -> tuple[float, str]:
    score = view.main.score
    return float("inf") if score is None else -score, view.name


def _names(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _count(views: Sequence[CheckpointView]) -> str:
    entries = [view.listed.entry for view in views]
    parts = (
        _plural(len(entries), "adapted model"),
        _plural(len({entry.recipe for entry in entries}), "method"),
        _plural(len({entry.data for entry in entries}), "data set"),
    )
    return (
        f"{parts[0]} by {parts[1]} on {parts[2]}: weights, an ONNX artefact that runs without torch, and a card each."
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
