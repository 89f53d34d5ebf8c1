"""Whether what is planned fits what a modality's files hold."""

from ...errors import DataError
from ..preprocessing import kind_of
from ..problem import Problem
from ..reading import read_modality
from ..table import Table
from .chain import check_kind
from .plan import Plan


def check_plan(plan: Plan, table: Table) -> None:
    """Compare a plan with the first file of its modality.

    Raises:
        DataError: if a corruption does not fit what the file holds, or see `kind_of_modality`.
    """
    check_kind(tuple(step.corruption for step in plan.steps), kind_of_modality(table, plan.modality))


def kind_of_modality(table: Table, modality: str) -> str:
    """Kind of preprocessing that the first file of a modality calls for.

    Raises:
        DataError: if there is no such modality, no row has it, or the file cannot be read.
    """
    if modality not in table.modalities:
        known = ", ".join(map(repr, table.modalities))
        raise DataError(f"a modality to corrupt must be one of {known}, but got {modality!r}.")
    for row in table.rows:
        if row.cells.get(modality) is None:
            continue
        try:
            decoded = read_modality(table, row, modality)
            if decoded is not None:
                return "text" if decoded.kind == "text" else kind_of(decoded)
        except DataError as error:
            raise DataError(str(Problem(str(error), row.line, row.id, modality))) from error
    raise DataError(f"a modality to corrupt must be there in some row, but {modality!r} is in none.")
