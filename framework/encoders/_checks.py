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
