"""What the operating system refuses in our own work, as a line; a user's own code keeps its trace."""

from traceback import walk_tb

from .recipes.user_packages import USER_PACKAGES


def describe_system_error(error: BaseException) -> str | None:
    """A line for an error that no place of ours has named, or None where it was raised in code of the user's.

    Example:
        >>> try:
        ...     open("absent.csv")
        ... except OSError as error:
        ...     print(describe_system_error(error))
        absent.csv: No such file or directory
    """
    modules = {str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(error.__traceback__)}
    if any(name.partition(".")[0] in USER_PACKAGES for name in modules):
        return None
    if isinstance(error, MemoryError):
        return f"there is not enough memory{f': {error}' if str(error) else ''}"
    if isinstance(error, UnicodeEncodeError):
        return f"the text {error.object[:60]!r} holds a character that cannot be written in {error.encoding}"
    if not isinstance(error, OSError):
        return None
    reason = error.strerror or str(error) or type(error).__name__
    return reason if error.filename is None else f"{error.filename}: {reason}"
