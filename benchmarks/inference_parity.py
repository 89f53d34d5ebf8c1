"""How well the forms agree with torch in float32, for every paper's fusion: what the exports themselves found."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from inference_artefacts import Artefacts, Key
from inference_forms import FORMS
from inference_model import RECIPES, FusionName
from inference_report import Aim, Figure

LARGEST: Final = 1e-5
"""What any logit of a graph may differ by from torch's."""

HEADER: Final = ("fusion", "of the recipe", "form", "largest difference of a logit", "same class", "rows compared")


def parity(artefacts: Artefacts, fusions: Sequence[FusionName]) -> Figure:
    """Export each form of a model with each fusion, which compares them for every subset and batch size."""
    rows: list[dict[str, Any]] = []
    aims: list[Aim] = []
    for fusion in fusions:
        made, missing = artefacts.collect([Key(form, fusion=fusion) for form in FORMS])
        found = {key.form: one.report for key, one in made.items()} | {
            key.form: {"missing": reason} for key, reason in missing.items()
        }
        rows += [
            {"fusion": fusion, "recipe": RECIPES[fusion], "form": form, **report} for form, report in found.items()
        ]
        # What cannot be exported agrees with nothing.
        worst = max(report.get("max_abs", math.inf) for report in found.values())
        aims.append(Aim(f"{fusion}: largest difference of a logit, all forms", worst, LARGEST, "at most"))
    return Figure(HEADER, [_cells(row) for row in rows], rows, aims)


def _cells(row: Mapping[str, Any]) -> list[str]:
    head = [row["fusion"], f"`{row['recipe']}`", row["form"]]
    if "missing" in row:
        return [*head, f"missing: {row['missing']}", "", ""]
    return [*head, f"{row['max_abs']:.1e}", f"{row['argmax_agreement']:.3f}", str(row["samples"])]
