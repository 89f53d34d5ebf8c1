"""MODfinity against golden arrays: values and gradients, in float32 and float64."""

import pytest
import torch
from acclimate.adapters.affinity import AffinityMeasure, log_affinity
from acclimate.adapters.contrast import contrast_loss
from acclimate.adapters.distillation import distillation_loss, taught_samples, teacher_features
from acclimate.adapters.metric_learning import metric_learning_loss
from acclimate.adapters.sample_filtering import best_affinity, top_share
from acclimate.framework.batch import Lesson
from torch import Tensor

from .golden import DTYPES, Golden, golden_names

PLAIN = AffinityMeasure(tau=1.0, normalise=False)
COSINE = AffinityMeasure(tau=1.0)

pytestmark = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.mark.parametrize("name", golden_names("modfinity_moml__"))
def test_metric_learning_by_sample(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    log_affinities = log_affinity(golden["feat"], golden["class_feat"], AffinityMeasure(golden.constants["tau"]))
    loss = metric_learning_loss(log_affinities, golden["y"], form="sample")
    golden.compare("loss", loss)
    golden.compare("loss_official_times2", 2 * loss)
    # All samples of the batch are the columns, as it is printed.
    columns = log_affinities[:, golden["y"]]
    positives = golden["y"].unsqueeze(1) == golden["y"]
    rows = [(torch.arange(len(columns)) == row).unsqueeze(1).expand_as(positives) for row in range(len(columns))]
    golden.compare("per_row", torch.stack([contrast_loss(columns, positives, row, "sample") for row in rows]))
    golden.close()


@pytest.mark.parametrize("name", golden_names("modfinity_moml_paper"))
def test_metric_learning_as_printed(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    for output, measure in (("loss_normalised_tau005", AffinityMeasure()), ("loss_dot_tau1", PLAIN)):
        log_affinities = log_affinity(golden["feat"], golden["class_feat"], measure)
        golden.compare(output, metric_learning_loss(log_affinities, golden["y"], form="ratio"))
    golden.close()


def as_lesson(labels: Tensor, teacher: Tensor) -> Lesson:
    return Lesson(labels, teacher, torch.ones(len(labels)), torch.ones(len(labels), dtype=torch.bool))


@pytest.mark.parametrize("name", golden_names("modfinity_mod_paper"))
def test_distillation_as_printed(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    features, lesson = list(golden["feat"]), as_lesson(golden["y"], golden["teacher"])
    present = torch.ones(len(golden["y"]), len(features), dtype=torch.bool)
    losses = [
        distillation_loss(
            student,
            teacher_features(features, lesson.teacher),
            lesson.labels,
            taught_samples(lesson, present, index),
            form="ratio",
            affinity=AffinityMeasure(golden.constants["tau"]),
        )
        for index, student in enumerate(features)
    ]
    golden.compare("loss_per_modality", torch.stack(losses))
    golden.compare("loss_sum", torch.stack(losses).sum())
    golden.close()


@pytest.mark.parametrize("name", golden_names("modfinity_mod_official"))
def test_distillation_as_in_the_authors_code(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    image, audio, labels = golden["img"], golden["audio"], golden["y"]
    everyone = torch.ones(len(labels), dtype=torch.bool)
    for output, rows, columns in (("img", image, audio.detach()), ("audio", image.detach(), audio)):
        loss = distillation_loss(rows, columns, labels, everyone, form="sample")
        golden.compare(f"distill_{output}_times2", 2 * loss)
    golden.close()


@pytest.mark.parametrize("name", golden_names("modfinity_s2_selection"))
def test_selection(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    everywhere = torch.ones(golden["feat"].shape[1], len(golden["feat"]), dtype=torch.bool)
    for suffix, measure in (("", COSINE), ("_dot", PLAIN)):
        scores = torch.stack([log_affinity(values, golden["class_feat"], measure) for values in golden["feat"]])
        teacher, labels, confidence = best_affinity(scores, everywhere)
        golden.compare(f"teacher{suffix}", teacher)
        golden.compare(f"pseudo_label{suffix}", labels)
        golden.compare(f"best_score{suffix}", confidence)
        golden.compare(f"order_by_score_desc{suffix}", confidence.argsort(descending=True, stable=True))
        if not suffix:
            golden.compare("best_phi", (confidence / golden.constants["tau"]).exp())
            kept = top_share(confidence.detach(), golden.constants["alpha"])
            golden.compare("selected_ceil", kept.long())
            golden.compare("n_select_ceil", kept.sum())
    golden.close("out__n_select_floor", "out__n_select_round", "out__selected_floor")
