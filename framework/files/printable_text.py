"""Texts of strangers on terminals."""


def printable(text: str) -> str:
    r"""A text that a terminal shows and does not obey: control characters become question marks, but for ends of lines.

    Example:
        >>> printable("a\x1b[2J\nb")
        'a?[2J\nb'
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def printable_line(text: str) -> str:
    r"""The same on one line: ends of lines become question marks too.

    Example:
        >>> printable_line("a\x1b[2J\nb")
        'a?[2J?b'
    """
    return printable(text).replace("\n", "?")
