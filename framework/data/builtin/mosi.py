"""Opinions on films: what is said, how it sounds and how the speaker looks."""

from typing import Final

import numpy as np

from ..row import Row
from ..table import Table
from .shared import find_file

_DOMAINS: Final = {"train": "known", "test": "unseen"}
_FEATURES: Final = {"audio": "audio", "text": "text_cnn", "video": "video"}
_CLASSES: Final = ("negative", "positive")
_TRAIN_FRACTION: Final = 0.8


def read(seed: int) -> Table:
    """What is said, as text, 73 features of how it sounds, and whether the opinion is negative or positive.

    The package's split is the domain: `known` speakers are its `train`, `unseen` ones its `test`. Inside a domain, four
    videos in five are `train` and the others `test`, drawn by `seed`; a group is one video.

    Raises:
        DataError: if the file is not there.
    """
    return _read(seed, transcripts=True)


def read_features(seed: int) -> Table:
    """Vectors of 73 (audio), 100 (text) and 100 (video) features of the same opinions.

    The text and video features were trained on the labels of `known`, so results say little: the set is here because
    it has three modalities.

    Raises:
        DataError: if the file is not there.
    """
    return _read(seed, transcripts=False)


def _read(seed: int, *, transcripts: bool) -> Table:
    path = find_file("mosi", "mosi_utterance_features.npz")
    with np.load(path, allow_pickle=False) as archive:
        labels = archive["label"].tolist()
        packed, utterances, videos, said = (
            archive[name].tolist() for name in ("split", "utterance", "video_id", "transcript")
        )
    domains = [_DOMAINS[split] for split in packed]
    train = _draw_videos(list(zip(domains, videos, strict=True)), seed)
    keys = {"audio": _FEATURES["audio"]} if transcripts else _FEATURES
    rows = [
        Row(
            line=index + 1,
            id=utterance,
            domain=domain,
            split="train" if (domain, video) in train else "test",
            labels={"label": _CLASSES[label]},
            cells={modality: f"{path.name}:{key}[{index}]" for modality, key in keys.items()}
            | ({"text": said[index]} if transcripts else {}),
            group=video,
        )
        for index, (utterance, domain, video, label) in enumerate(zip(utterances, domains, videos, labels, strict=True))
    ]
    modalities = {*keys, "text"}
    return Table(rows, path.parent, tuple(modalities), ("label",), text={"text"} if transcripts else ())


def _draw_videos(videos: list[tuple[str, str]], seed: int) -> set[tuple[str, str]]:
    """The videos to train on, as pairs of domain and video."""
    generator = np.random.default_rng(seed)
    train: set[tuple[str, str]] = set()
    for domain in _DOMAINS.values():
        names = sorted({video for video in videos if video[0] == domain})
        count = round(_TRAIN_FRACTION * len(names))
        train.update(names[position] for position in generator.permutation(len(names))[:count])
    return train
