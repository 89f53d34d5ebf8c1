"""What the constructors of encoders check."""


def check_positive(**values: int) -> None:
    """Refuse sizes below one.

    Raises:
        ValueError: naming the argument.
    """
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be positive, but got {value}.")


def check_multiple(factor: int, **values: int) -> None:
    """Refuse sizes that are no positive multiple of a factor.

    Raises:
        ValueError: naming the argument.
    """
    for name, value in values.items():
        if value < 1 or value % factor:
            raise ValueError(f"{name} must be a positive multiple of {factor}, but got {value}.")


def check_dropout(dropout: float) -> None:
    """Refuse what is no share of values to zero.

    Raises:
        ValueError: if it is not in [0, 1).
    """
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be in [0, 1), but got {dropout}.")


def check_at_least(least: int, **values: int) -> None:
    """Refuse sizes below a smallest one, such as 2 where LayerNorm would make a constant of 1.

    Raises:
        ValueError: naming the argument.
    """
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, but got {value}.")
