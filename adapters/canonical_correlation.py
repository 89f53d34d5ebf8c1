r"""Maps of two sides under which paired samples correlate most: in closed form, and step by step.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.1: eq. 2 and
3. The authors have published no code.

A sample is the outer product of its modalities' vectors, a tensor of rank one. Such tensors are never built: their
contractions are products of inner products.
"""

from collections.abc import Sequence
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor


def contraction(
    x: Float[Tensor, "source width"],
    y: Float[Tensor, "target other_width"],
    other_x: Sequence[Float[Tensor, "source _"]],
    other_y: Sequence[Float[Tensor, "target _"]],
    pairs: Float[Tensor, "source target"] | None = None,
) -> Float[Tensor, "width other_width"]:
    r"""The contraction of paired rank-one tensors over all modes but one and over the samples, eq. 3.

    .. math:: C_{xy}^{(n)} = \sum_{k, l} p_{kl} \, w_{kl} \, x_k y_l^T, \qquad
        w_{kl} = \prod_{m \ne n} \langle U_m^T x_k^{(m)}, V_m^T y_l^{(m)} \rangle

    C_xx and C_yy are the contractions of a side with itself.

    Args:
        x: the vectors of modality n on one side.
        y: those on the other side.
        other_x: the projected vectors of all other modalities, on the first side.
        other_y: the same on the second side; each as long as its counterpart.
        pairs: how much each pair counts; None pairs the k-th row with the k-th row.

    Example:
        >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[2.0], [3.0]])
        >>> contraction(x, y, [torch.tensor([[1.0], [2.0]])], [torch.tensor([[1.0], [1.0]])]).tolist()
        [[2.0], [6.0]]
    """
    if pairs is None:
        inner = ((first * second).sum(dim=1) for first, second in zip(other_x, other_y, strict=True))
        return reduce(torch.mul, inner, torch.ones_like(x[:, 0])).unsqueeze(0) * x.T @ y
    inner = (first @ second.T for first, second in zip(other_x, other_y, strict=True))
    return x.T @ reduce(torch.mul, inner, pairs) @ y


def canonical_correlation(
    cxx: Float[Tensor, "width width"],
    cxy: Float[Tensor, "width other_width"],
    cyy: Float[Tensor, "other_width other_width"],
    ridge: float = 1e-3,
) -> tuple[Float[Tensor, "width rank"], Float[Tensor, "other_width rank"], Float[Tensor, " rank"]]:
    r"""Maximise :math:`tr(U^T C_{xy} V)` subject to :math:`U^T C_{xx} U = V^T C_{yy} V = I`, eq. 2, in closed form.

    With Cholesky factors :math:`C_{xx} = L L^T`, :math:`C_{yy} = M M^T` and the singular value decomposition
    :math:`L^{-1} C_{xy} M^{-T} = A S B^T`, the solution is :math:`U = L^{-T} A`, :math:`V = M^{-T} B`; the best of rank
    r are the first r columns. It is computed in float64, whatever comes in.

    Args:
        cxx: the covariance of one side.
        cxy: the covariance between the sides.
        cyy: the covariance of the other side.
        ridge: what is added to the diagonals of the two sides' covariances.

    Returns:
        U, V and the canonical correlations, which fall. The largest entry of each column of U is positive.

    Example:
        >>> one = torch.eye(1)
        >>> canonical_correlation(one, -0.5 * one, one, ridge=0.0)
        (tensor([[1.]]), tensor([[-1.]]), tensor([0.5000]))
    """
    first, second = (_cholesky(add_ridge(covariance.double(), ridge)) for covariance in (cxx, cyy))
    # L^-1 C_xy, then the same from the other side, by the transpose: what is left is correlation alone.
    whitened = torch.linalg.solve_triangular(first, cxy.double(), upper=False)
    whitened = torch.linalg.solve_triangular(second, whitened.T, upper=False).T
    a, correlations, b = torch.linalg.svd(whitened, full_matrices=False)
    # Back from whitened coordinates: these maps meet the constraints of eq. 2.
    u = torch.linalg.solve_triangular(first.T, a, upper=True)
    v = torch.linalg.solve_triangular(second.T, b.T, upper=True)
    signs = u.gather(0, u.abs().argmax(dim=0, keepdim=True)).sign()
    return (u * signs).to(cxx), (v * signs).to(cxx), correlations.to(cxx)


def rotate_towards(
    u: Float[Tensor, "width rank"],
    v: Float[Tensor, "other_width rank"],
    previous_u: Float[Tensor, "width rank"],
    previous_v: Float[Tensor, "other_width rank"],
) -> tuple[Float[Tensor, "width rank"], Float[Tensor, "other_width rank"]]:
    """Turn U and V by one common rotation so that they come closest to earlier ones (orthogonal Procrustes).

    A common rotation changes neither the objective of eq. 2 nor its constraints, so it is free; without it signs and
    the order of columns would jump from step to step, and scramble what the joint head sees.
    """
    # The rotation R that maximises tr(R^T (U^T U' + V^T V')) is the product of that matrix's singular vectors.
    left, _, right = torch.linalg.svd(u.T @ previous_u + v.T @ previous_v)
    rotation = left @ right
    return u @ rotation, v @ rotation


def improve(
    cxx: Float[Tensor, "width width"],
    cxy: Float[Tensor, "width other_width"],
    u: Float[Tensor, "width rank"],
    v: Float[Tensor, "other_width rank"],
    inertia: float = 0.0,
) -> Float[Tensor, "width rank"]:
    r"""The best U of eq. 2 for a given V, :math:`G (G^T C_{xx} G)^{-1/2}` with :math:`G = C_{xx}^{-1} C_{xy} V`.

    In turn for U and V, this never lowers the objective and ends at the solution of `canonical_correlation`, turned by
    a common rotation: it is an orthogonal iteration that starts where the last step ended. Hence U moves little where
    the covariances move little, even where two correlations change places.

    Args:
        cxx: the covariance of this side, positive definite.
        cxy: the covariance between this side and the other.
        u: the map of this side in the step before.
        v: the map of the other side.
        inertia: how much of the U of the step before is added to G, which damps the iteration and leaves its end the
            same. It keeps U where no correlation says anything.
    """
    drive = torch.cholesky_solve(cxy @ v, _cholesky(cxx)) + inertia * u
    # Its columns made orthonormal in the metric of C_xx, turned as little as can be.
    return drive @ _inverse_root(drive.T @ cxx @ drive)


def add_ridge(
    covariance: Float[Tensor, "width width"], ridge: float | Float[Tensor, ""]
) -> Float[Tensor, "width width"]:
    """The covariance with a larger diagonal.

    Example:
        >>> add_ridge(torch.zeros(2, 2), 0.5).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    return covariance + ridge * torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)


def _cholesky(covariance: Float[Tensor, "width width"]) -> Float[Tensor, "width width"]:
    factor: Tensor = torch.linalg.cholesky(covariance)
    return factor


def _inverse_root(matrix: Float[Tensor, "rank rank"]) -> Float[Tensor, "rank rank"]:
    values, vectors = torch.linalg.eigh(matrix)
    smallest = torch.finfo(matrix.dtype).eps * values[-1].clamp(min=torch.finfo(matrix.dtype).tiny)
    root: Tensor = (vectors / values.clamp(min=smallest).sqrt()) @ vectors.T
    return root
