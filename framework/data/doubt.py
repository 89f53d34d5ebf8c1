"""What may not be meant: found before a training, and said by every command that could go on all the same."""

import attrs


@attrs.frozen
class Doubt:
    """That data mean what a training would take them for.

    Args:
        message: what was found, what will come of it, and what to do about it.
        refused: whether training refuses it, since it is certain to be something else; the user may overrule it by
            saying what it is. Otherwise it is a note.
    """

    message: str
    refused: bool = False
