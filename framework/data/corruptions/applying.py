"""What a row's corruptions make of what is read for it."""

from collections.abc import Iterator, Mapping

import attrs

from ...errors import DataError
from ..decoding import Decoded
from ..preprocessing import Prepared, Preprocessing
from ..problem import Problem
from ..row import Row
from ..table import Table
from .base import DecodedCorruption, PreprocessedCorruption
from .chain import check_kind, parse_chain
from .drawing import make_generator


def corrupt_decoded(decoded: Decoded, row: Row, modality: str) -> Decoded:
    """Apply those corruptions of a row that act on decoded files.

    Raises:
        DataError: if the file holds something that one of the row's corruptions cannot act on.
    """
    cell = row.corruptions.get(modality)
    for corruption in () if cell is None else parse_chain(cell):
        if not corruption.fits(decoded.kind) and (decoded.kind != "array" or corruption.stage == "preprocessed"):
            raise DataError(
                f"{decoded.name}: {corruption.name} is for {corruption.fitting()}, but this is {decoded.kind}."
            )
        if isinstance(corruption, DecodedCorruption):
            generator = make_generator(corruption.seed, row.id, modality, corruption.name)
            decoded = corruption.corrupt(decoded, generator)
    return decoded


def corrupt_prepared(prepared: Prepared, preprocessing: Preprocessing, row: Row, modality: str) -> Prepared:
    """Apply those corruptions of a row that act on preprocessed arrays; the padding behind the sample's end stays."""
    cell = row.corruptions.get(modality)
    chain = () if cell is None else parse_chain(cell)
    chosen = [corruption for corruption in chain if isinstance(corruption, PreprocessedCorruption)]
    if not chosen:
        return prepared
    values, axis = prepared.values.copy(), preprocessing.time_axis
    own = () if axis is None else (*(slice(None) for _ in range(axis)), slice(prepared.length))
    for corruption in chosen:
        generator = make_generator(corruption.seed, row.id, modality, corruption.name)
        values[own] = corruption.corrupt(values[own], preprocessing, generator)
    return attrs.evolve(prepared, values=values)


def check_rows(table: Table, kinds: Mapping[str, str]) -> None:
    """Compare what corruptions fit with what the modalities are.

    Args:
        table: rows that may be corrupted.
        kinds: of preprocessing, by modality; others are not looked at.

    Raises:
        DataError: naming the first row whose corruption does not fit.
    """
    for problem in find_unfit(table, kinds):
        raise DataError(str(problem))


def find_unfit(table: Table, kinds: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each row and modality whose corruption does not fit what the modality is.

    Args:
        table: rows that may be corrupted.
        kinds: of preprocessing, by modality; others are not looked at.
    """
    seen: dict[tuple[str, str], str | None] = {}
    for row in table.rows if table.is_corrupted else ():
        for modality, cell in row.corruptions.items():
            if modality not in kinds:
                continue
            if (modality, cell) not in seen:
                seen[modality, cell] = _find_misfit(cell, kinds[modality])
            message = seen[modality, cell]
            if message is not None:
                yield Problem(message, row.line, row.id, modality)


def _find_misfit(cell: str, kind: str) -> str | None:
    try:
        check_kind(parse_chain(cell), kind)
    except DataError as error:
        return str(error)
    return None
