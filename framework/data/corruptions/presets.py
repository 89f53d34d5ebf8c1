"""The papers' protocols: what each does to sound, pictures and text."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ...errors import DataError
from ..table import Table
from .fitting import kind_of_modality
from .plan import Plan, parse_steps


@attrs.frozen
class Preset:
    """A paper's protocol.

    Args:
        source: the paper, and how it is read.
        steps: what is done, as `parse_steps` reads it, by kind of modality.
    """

    source: str
    steps: Mapping[str, str]


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "a3d2-iemocap": Preset(
            "A3D2 (ACL 2025), section 4, IEMOCAP: noise of variance 0.01 and 0.1, as printed",
            {
                "audio": "audio_noise(std=0.1)",
                "image": "brightness(factor=0.1) + gaussian_noise(std=0.31622776601683794)",
                "text": "word_mask(rate=0.4)",
            },
        ),
        "a3d2-iemocap-authors": Preset(
            "the same in the authors' code: the printed variances are standard deviations, and sound is clipped",
            {
                "audio": "audio_noise(std=0.01, clip=True)",
                "image": "brightness(factor=0.1) + gaussian_noise(std=0.1)",
                "text": "word_mask(rate=0.4)",
            },
        ),
        "a3d2-mintrec": Preset(
            "A3D2 (ACL 2025), section 4, MIntRec: noise of variance 0.005 and 0.05, as printed",
            {
                "audio": "audio_noise(std=0.07071067811865475)",
                "image": "brightness(factor=0.3) + gaussian_noise(std=0.22360679774997896)",
                "text": "word_mask(rate=0.2)",
            },
        ),
        "a3d2-mintrec-authors": Preset(
            "the same in the authors' code: the printed variances are standard deviations, and sound is clipped",
            {
                "audio": "audio_noise(std=0.005, clip=True)",
                "image": "brightness(factor=0.3) + gaussian_noise(std=0.05)",
                "text": "word_mask(rate=0.2)",
            },
        ),
        "boomda": Preset(
            "Boomda (AAAI 2026), Numerical Results: SNR 1.0 and 0.5 as ratios of powers, 0 and -3.01 dB",
            {
                "audio": "audio_snr(snr_db=0)",
                "image": "brightness(factor=0.2) + gaussian_snr(snr_db=-3.010299956639812)",
                "text": "word_mask(rate=0.4)",
            },
        ),
        "boomda-decibels": Preset(
            "the same with SNR 1.0 and 0.5 as decibels",
            {
                "audio": "audio_snr(snr_db=1)",
                "image": "brightness(factor=0.2) + gaussian_snr(snr_db=0.5)",
                "text": "word_mask(rate=0.4)",
            },
        ),
        "modfinity-noisy-ave": Preset(
            "MODfinity (CVPR 2025), section 4.3.2: 80 % of the images are Gaussian noise",
            {"image": "noise_replacement(share=0.8)"},
        ),
    }
)


def plan_preset(name: str, table: Table, modalities: Iterable[str] | None = None, seed: int = 0) -> tuple[Plan, ...]:
    """What a preset does to a table's modalities, by what they hold.

    Args:
        name: one of `PRESETS`.
        table: its first file of each modality says what the modality holds.
        modalities: that are to be corrupted; None means all that the preset knows. The others are the anchor, in A3D2's
            words.
        seed: of the corruptions.

    Raises:
        DataError: if there is no such preset or modality, the preset says nothing about one that is named, or none is
            left.
    """
    if name not in PRESETS:
        raise DataError(f"a preset must be one of {', '.join(PRESETS)}, but got {name!r}.")
    steps = PRESETS[name].steps
    plans = []
    for modality in table.modalities if modalities is None else modalities:
        kind = kind_of_modality(table, modality)
        if kind in steps:
            plans.append(Plan(modality, parse_steps(steps[kind], seed)))
        elif modalities is not None:
            raise DataError(f"preset {name!r} is for {', '.join(steps)}, but modality {modality!r} is {kind}.")
    if not plans:
        raise DataError(f"preset {name!r} is for {', '.join(steps)}, but the table has none of these.")
    return tuple(plans)
