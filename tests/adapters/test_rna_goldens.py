"""RNA and its parts against golden arrays: values and gradients, in float32 and float64."""

import pytest
import torch
from acclimate.adapters.domain_adversarial import (
    DomainDiscriminator,
    dann_schedule,
    domain_loss,
    quadratic_schedule,
    reverse_gradient,
)
from acclimate.adapters.information_maximisation import (
    entropy_of_mean,
    information_maximisation_loss,
    mean_entropy,
)
from acclimate.adapters.rna import (
    NormComparison,
    adaptation_loss,
    class_loss,
    cross_domain_loss,
    generalisation_loss,
    global_loss,
    imbalance,
)
from acclimate.framework.measures.norm_statistics import coefficient_of_variation
from acclimate.framework.measures.norms import NormTable, mean_norm, norm_table
from torch import Tensor, nn

from .golden import DTYPES, Golden, golden_names

MEAN = NormComparison(class_reduction="mean")
WACV = NormComparison(form="wacv")

pytestmark = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def modalities(golden: Golden, prefix: str) -> list[Tensor]:
    count = sum(name[1:].isdigit() and name.startswith(prefix) for name in golden.inputs)
    return [golden[f"{prefix}{index}"] for index in range(count)]


@pytest.mark.parametrize("name", golden_names("rna_lg_symmetric"))
def test_global_loss(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    golden.compare("mean_norm_u", mean_norm(golden["u"]))
    golden.compare("mean_norm_v", mean_norm(golden["v"]))
    golden.compare("loss", global_loss(norm_table([golden["u"], golden["v"]])))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_lc"))
def test_class_loss(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    table = norm_table([golden["u"], golden["v"]], labels=golden["y"], classes=golden.constants["C"])
    by_class = table.by_class
    assert by_class is not None
    golden.compare("mean_norm_u", by_class.values[:, 0])
    golden.compare("mean_norm_v", by_class.values[:, 1])
    golden.compare("present", by_class.known.all(dim=1).long())
    golden.compare("n_present", by_class.known.all(dim=1).sum())
    u, v = (by_class[torch.tensor([modality])] for modality in (0, 1))
    golden.compare("per_class_term", imbalance(u, v).squeeze(1))
    golden.compare("loss_sum", class_loss(table))
    golden.compare("loss_mean_present", class_loss(table, MEAN))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_lmod"))
def test_cross_domain_loss(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    classes = golden.constants["C"]
    source = norm_table([golden["s"]], labels=golden["y_s"], classes=classes)
    target = norm_table([golden["t"]], labels=golden["y_t"], classes=classes)
    assert source.by_class is not None
    assert target.by_class is not None
    golden.compare("present_both", (source.by_class.known & target.by_class.known).squeeze(1).long())
    golden.compare("L_g", cross_domain_loss(source, target, lambda_c=0.0).squeeze())
    golden.compare("L_c", cross_domain_loss(source, target, lambda_g=0.0).squeeze())
    golden.compare("loss", cross_domain_loss(source, target).squeeze())
    golden.close()


def _side(golden: Golden, side: str) -> NormTable:
    return norm_table(modalities(golden, side), labels=golden[f"y_{side}"], classes=golden.constants["C"])


@pytest.mark.parametrize("name", golden_names("rna_total_dg"))
def test_generalisation_loss(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    source = _side(golden, "s")
    golden.compare("Lg_source", global_loss(source))
    golden.compare("Lc_source", class_loss(source))
    lambdas = golden.constants["lambda_g"], golden.constants["lambda_c"]
    golden.compare("loss", generalisation_loss(source, *lambdas))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_total_uda"))
def test_adaptation_loss(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    source, target = _side(golden, "s"), _side(golden, "t")
    for side, table in (("source", source), ("target", target)):
        golden.compare(f"Lg_{side}", global_loss(table))
        golden.compare(f"Lc_{side}", class_loss(table))
    golden.compare("Lmod_per_modality", cross_domain_loss(source, target))
    lambdas = golden.constants["lambda_g"], golden.constants["lambda_c"]
    golden.compare("loss", adaptation_loss(source, target, *lambdas))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_wacv_asymmetric"))
def test_wacv_form(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    table = norm_table(modalities(golden, "f"))
    values = table.overall.values
    pairs = torch.combinations(torch.arange(len(values)))
    golden.compare("ratios", values[pairs[:, 0]] / values[pairs[:, 1]])
    golden.compare("loss", global_loss(table, WACV))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_norm_cv"))
def test_coefficient_of_variation(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    norms = norm_table(modalities(golden, "f")).overall.values
    golden.compare("mean_norms", norms)
    golden.compare("cv_population", coefficient_of_variation(norms))
    golden.compare("cv_sample", coefficient_of_variation(norms, correction=1))
    golden.close()


@pytest.mark.parametrize("name", golden_names("rna_im"))
def test_information_maximisation(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    logits = golden["logits"]
    golden.compare("mean_entropy", mean_entropy(logits))
    golden.compare("entropy_of_mean", entropy_of_mean(logits))
    golden.compare("loss", information_maximisation_loss(logits))
    # The official code adds 1e-5 within the logarithms, which the formula has not.
    official = "loss_official_eps1em5_minus3"
    golden.close(f"out__{official}", f"grad__{official}__logits")


@pytest.mark.parametrize("name", golden_names("a3d2_discriminator_grl"))
def test_gradient_reversal_and_discriminator(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    width, features = golden["W1"].shape
    discriminator = DomainDiscriminator(features, width, nn.LeakyReLU(golden.constants["leaky_slope"])).to(dtype)
    weights = {"0.weight": "W1", "0.bias": "b1", "2.weight": "W2", "2.bias": "b2"}
    logits = torch.func.functional_call(
        discriminator,
        {parameter: golden[name] for parameter, name in weights.items()},
        reverse_gradient(golden["x"], golden.constants["alpha"]),
    )
    golden.compare("logits", logits)
    source, target = logits.split([golden.constants["n_source"], golden.constants["n_target"]])
    golden.compare("loss", domain_loss(source, target))
    golden.close()


@pytest.mark.parametrize("name", golden_names("a3d2_domain_losses"))
def test_domain_loss_is_the_mean_over_the_concatenation(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    golden.compare("ce_concat_mean", domain_loss(golden["logit2_s"], golden["logit2_t"]))
    compared = {"out__ce_concat_mean", "grad__ce_concat_mean__logit2_s", "grad__ce_concat_mean__logit2_t"}
    assert golden.compared == compared


def test_schedules(dtype: torch.dtype) -> None:
    golden = Golden("dann_schedule__00", dtype)
    progress = golden["p"].tolist()
    golden.compare("dann", torch.tensor([dann_schedule(p) for p in progress], dtype=dtype))
    golden.compare("a3d2", torch.tensor([quadratic_schedule(p) for p in progress], dtype=dtype))
    golden.close("out__mm_sada")
