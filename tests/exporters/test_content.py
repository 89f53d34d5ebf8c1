"""What a client sends is read by what it begins with, within the server's own limit."""

import pytest
from acclimate.exporters.serving.content import decode_content
from acclimate.exporters.serving.limits import Limits
from acclimate.framework import DataError
from data.media import FOREIGN, GOOD, sound

LIMITS = Limits(bytes=10_000)


@pytest.mark.parametrize("name", [name for name in GOOD if not name.endswith(".txt")])
def test_all_formats_are_known_without_a_name(name: str) -> None:
    assert decode_content(GOOD[name], "x", Limits()).kind == (
        "array" if name.endswith(".npy") else "audio" if name[2:] in {"wav", "flac", "ogg", "mp3"} else "image"
    )


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_others_are(kind: str) -> None:
    with pytest.raises(DataError, match=r"^x: expected [^\n]+, but found [^\n]+$"):
        decode_content(FOREIGN[kind], "x", Limits())


def test_the_limit_is_the_server_s_and_no_option_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCLIMATE_MAX_DECODED", "4096")
    for content in (sound("FLAC"), sound("MP3"), sound("OGG")):
        with pytest.raises(DataError, match=r"^x: expected at most 10,000 bytes after decoding, but found .*\)\.$"):
            decode_content(content, "x", LIMITS)
    with pytest.raises(DataError, match=r"^x: expected a text of at most 156 bytes, but found 200\.$"):
        decode_content(b"a " * 100, "x", LIMITS, is_text=True)
