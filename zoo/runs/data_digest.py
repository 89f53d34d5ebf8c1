"""Whether data is what it was: a digest of all rows of some domains, and of what their files hold."""

import hashlib
import json
from collections.abc import Collection

import numpy as np

from ...framework.data import Table
from ...framework.data.reading import read_modality


def digest_data(table: Table, domains: Collection[str]) -> str:
    """SHA-256 of everything that training and scores depend on, wherever the files lie and however they are packed.

    These are id, split and labels of each row, and what is decoded from its files.

    Args:
        table: all rows.
        domains: of the rows that count.

    Raises:
        DataError: if a domain is not there, or a file cannot be read.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(2, "a", "day", "train", {"label": "calm"}, {"words": "a fine day"})]
        >>> digest_data(Table(rows, ".", ["words"], ["label"]), ["day"])[:8]
        'b9523767'
    """
    digest = hashlib.sha256()
    for row in table.select(tuple(domains)).rows:
        facts = [row.id, row.domain, row.split, dict(row.labels), row.present]
        digest.update(json.dumps(facts, sort_keys=True).encode())
        for modality in row.present:
            found = read_modality(table, row, modality)
            if found is None:
                continue
            if isinstance(found.value, str):
                digest.update(json.dumps(found.value).encode())
                continue
            values = np.ascontiguousarray(found.value)
            # Little-endian, so that it is the same on every machine.
            values = values.astype(values.dtype.newbyteorder("<"), copy=False)
            digest.update(json.dumps([values.dtype.str, values.shape, found.sampling_rate]).encode())
            digest.update(values.tobytes())
    return digest.hexdigest()
