"""Files that are not read, and what to do with them."""

from types import MappingProxyType
from typing import Final

_ADVICE: Final = MappingProxyType(
    {
        "a video: give its sound as .wav, and its frames as features in a .npy of (time, features)": (
            "3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv ts webm wmv"
        ),
        "convert the picture to .png or .jpg": (
            "avif bmp cr2 cr3 dng eps gif heic heif ico jp2 jxl nef pbm pgm ppm psd raw svg tga"
        ),
        "convert the sound to .wav or .flac": (
            "aac ac3 aif aifc aiff alac amr ape au caf m4a mid mp2 oga opus ra sph wma wv"
        ),
        "convert it to .npy, or to .npz with keys": (
            "arff bin csv dat edf feather json jsonl mat nii parquet pickle pkl pt pth safetensors tfrecord tsv"
        ),
        "name one array of it, file:key, or a row, file:key[row]": "h5 hdf5 npz",
        "save the text as .txt": "doc docx md odt pdf rtf srt vtt xml html",
        "unpack it, or name a member as archive.zip!member": "7z bz2 gz rar tar tgz xz zip zst",
    }
)
"""What to do, by the ends of names for which it is right."""

_SLICE: Final = "name one row, archive.npz:key[row], or a whole array"
_BY_ENDING: Final = MappingProxyType(
    {"a slice": _SLICE, **{f".{end}": words for words, ends in _ADVICE.items() for end in ends.split()}}
)


def advice(ending: str) -> str:
    """What to do with a file of which it is known that it is not read; empty for what is not known.

    Args:
        ending: of its name, in small letters; or "a slice" of an array.

    Example:
        >>> advice(".heic"), advice(".xyz")
        (' (convert the picture to .png or .jpg)', '')
    """
    words = _BY_ENDING.get(ending)
    return f" ({words})" if words else ""
