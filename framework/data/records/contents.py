"""What a file is by its first bytes, whatever its name says."""

from typing import Final

_STARTS: Final = (
    (b"PK\x03\x04", "an archive or a sheet of a spreadsheet (.xlsx, .ods): save the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "a sheet of an old spreadsheet (.xls): save it as CSV in UTF-8"),
    (b"\x1f\x8b", "compressed by gzip: unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it"),
    (b"BZh", "compressed by bzip2: unpack it"),
    (b"\xfd7zXZ\0", "compressed by xz: unpack it"),
    (b"PAR1", "Parquet: call it .parquet"),
    (b"ARROW1", "Arrow: write it as .parquet or .csv"),
    (b"\x89HDF", "HDF5: write a table of it as .csv"),
    (b"SQLite format 3", "a database of SQLite: write a table of it as .csv"),
    (b"\x93NUMPY", "an array of numpy: name it in a cell of a table"),
    (b"\x80\x02", "a pickle: convert it with acclimate data convert"),
    (b"\x80\x03", "a pickle: convert it with acclimate data convert"),
    (b"\x80\x04\x95", "a pickle: convert it with acclimate data convert"),
    (b"\x80\x05\x95", "a pickle: convert it with acclimate data convert"),
    (b"%PDF-", "a PDF"),
    (b"version https://git-lfs", "a pointer of Git LFS in place of the file: git lfs pull"),
)

_PAGES: Final = (b"<!doctype html", b"<html", b"<?xml")


def describe_contents(start: bytes) -> str | None:
    """What a file that begins like this is, if it is certainly no table of text, and what to do about it.

    Example:
        >>> describe_contents(b"id,domain"), describe_contents(b"%PDF-1.7")
        (None, 'a PDF')
    """
    for mark, words in _STARTS:
        if start.startswith(mark):
            return words
    if start.lstrip()[:20].lower().startswith(_PAGES):
        return "a page of the web (HTML or XML): what was downloaded is not the file, but perhaps a login"
    return None
