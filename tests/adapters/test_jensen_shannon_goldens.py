"""Jensen-Shannon divergence against golden arrays."""

import pytest
import torch
from acclimate.framework.measures import feature_divergence, jensen_shannon_divergence

from .golden import DTYPES, Golden, golden_names


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", golden_names("metrics_jsd"))
def test_divergences_are_the_golden_ones(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    p, q, source, target = (golden[key].detach().numpy() for key in ("p", "q", "z_s", "z_t"))
    golden.compare("jsd_nats", torch.from_numpy(jensen_shannon_divergence(p, q)))
    by_feature = feature_divergence(source, target)
    golden.compare("hist_jsd_per_dim", torch.from_numpy(by_feature))
    golden.compare("hist_jsd_mean", torch.tensor(by_feature.mean()))
    golden.close()
