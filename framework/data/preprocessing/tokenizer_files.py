"""Tokenizers that came with a pretrained model."""

import json
from pathlib import Path
from typing import Final

from ...errors import DataError
from ...files.bounded_file import read_bounded_text
from .tokenizer import SPECIAL_TOKENS, UNKNOWN, first_line, import_tokenizers, to_json

_MAX_BYTES: Final = 256 * 2**20
"""Of a tokenizer's JSON: the largest on the hub have 30 MB."""


def load_tokenizer(path: str) -> str:
    """The JSON of a tokenizer.

    Args:
        path: a tokenizer.json, a folder that has one or else BERT's vocab.txt, or a name on the Hugging Face hub.

    Raises:
        DataError: if there is none, it cannot be read, or the library is not installed.
    """
    tokenizers = import_tokenizers().Tokenizer
    try:
        found = _find_file(path)
        if found is None:
            text = tokenizers.from_pretrained(path).to_str()
        elif found.name == "vocab.txt":
            text = _read_bert(found)
        else:
            text = tokenizers.from_str(read_bounded_text(found, _MAX_BYTES)).to_str()
    except DataError:
        raise
    except Exception as error:  # The library raises nothing more particular.
        raise DataError(
            f"tokenizer {path}: expected one of the library tokenizers, but: {first_line(error)}"
        ) from error
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def _find_file(path: str) -> Path | None:
    """The file that holds it; None where the path looks like a name on the hub."""
    found = Path(path)
    if found.is_dir():
        for name in ("tokenizer.json", "vocab.txt"):
            if (found / name).is_file():
                return found / name
        raise DataError(f"tokenizer {path}: expected tokenizer.json or vocab.txt in the folder, but found neither.")
    if found.is_file():
        return found
    if path.startswith((".", "/", "~")) or path.count("/") > 1 or found.suffix in {".json", ".txt"}:
        raise DataError(f"tokenizer {path}: expected a file or folder, but found none.")
    return None


def _read_bert(path: Path) -> str:
    """The tokenizer of BERT whose word pieces stand in a file, one a line."""
    tokenizers = import_tokenizers()
    # Some pieces are characters that Python takes for ends of lines.
    lines = read_bounded_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
    pieces = {piece: number for number, piece in enumerate(lines)}
    missing = [token for token in SPECIAL_TOKENS if token not in pieces]
    if missing:
        raise DataError(f"tokenizer {path}: expected a line {missing[0]}, as BERT's vocabularies have it.")
    settings = path.with_name("tokenizer_config.json")
    told = json.loads(read_bounded_text(settings)) if settings.is_file() else {}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(pieces, unk_token=UNKNOWN, max_input_chars_per_word=100))
    made.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=told.get("do_lower_case", True))
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return to_json(made, {token: pieces[token] for token in SPECIAL_TOKENS})
