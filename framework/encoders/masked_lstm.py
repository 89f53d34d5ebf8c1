"""An LSTM over rows of different lengths, in torch and in ONNX."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..arguments import check_positive
from .masking import clear_padding


class MaskedLSTM(nn.Module):
    """An LSTM that reads each row up to its own end, where a backward one starts.

    Hochreiter, Schmidhuber: Long Short-Term Memory, Neural Computation 1997, https://doi.org/10.1162/neco.1997.9.8.1735.

    In torch it runs on packed sequences. Those cannot be exported, and `nn.LSTM` with a free time axis can only once in
    a process (torch 2.14), so while it is exported it writes ONNX's own operator LSTM, which takes lengths.

    Args:
        input_size: values per step.
        hidden_size: length of a direction's state.
        layers: number of layers, one upon the other.
        bidirectional: whether each layer also reads backwards; states are twice as long then.

    Attributes:
        lstm: torch's module, which has the weights.
        out_features: length of the states.

    Raises:
        ValueError: if a size is not positive.

    Example:
        >>> states, last = MaskedLSTM(input_size=5, hidden_size=8)(torch.zeros(2, 7, 5), torch.tensor([7, 3]))
        >>> states.shape, last.shape
        (torch.Size([2, 7, 8]), torch.Size([2, 8]))
    """

    def __init__(self, input_size: int, hidden_size: int, layers: int = 1, *, bidirectional: bool = False) -> None:
        super().__init__()
        check_positive(input_size=input_size, hidden_size=hidden_size, layers=layers)
        self.out_features = hidden_size * (2 if bidirectional else 1)
        self.lstm = nn.LSTM(input_size, hidden_size, layers, batch_first=True, bidirectional=bidirectional)

    def forward(
        self, inputs: Float[Tensor, "batch steps input_size"], lengths: Int64[Tensor, " batch"] | None = None
    ) -> tuple[Float[Tensor, "batch steps out_features"], Float[Tensor, "batch out_features"]]:
        """Read rows of which the first `lengths` steps are their own; None means all.

        Returns:
            The last layer's states at all steps, zero behind a row's end, and each row's last state: forwards that
            after its last own step, backwards that after its first, side by side.
        """
        if torch.onnx.is_in_onnx_export():
            states, last = self._symbolic(inputs, lengths)
        else:
            states, last = self._packed(inputs, lengths)
        return states, last.transpose(0, 1).flatten(1)

    def _packed(
        self, inputs: Float[Tensor, "batch steps input_size"], lengths: Int64[Tensor, " batch"] | None
    ) -> tuple[Float[Tensor, "batch steps out_features"], Float[Tensor, "directions batch hidden"]]:
        if lengths is None:
            states, (last, _) = self.lstm(inputs)
        else:
            packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
            packed_states, (last, _) = self.lstm(packed)
            states, _ = pad_packed_sequence(packed_states, batch_first=True, total_length=inputs.shape[1])
        return states, last[-self._directions :]

    def _symbolic(
        self, inputs: Float[Tensor, "batch steps input_size"], lengths: Int64[Tensor, " batch"] | None
    ) -> tuple[Float[Tensor, "batch steps out_features"], Float[Tensor, "directions batch hidden"]]:
        """The same as nodes of an ONNX graph, one a layer."""
        weights = self.lstm.all_weights
        states = last = inputs.to(weights[0][0].dtype)
        for layer in range(self.lstm.num_layers):
            states = states if lengths is None else clear_padding(states, lengths)
            of_layer = weights[layer * self._directions : (layer + 1) * self._directions]
            states, last = _onnx_lstm(states, lengths, of_layer, self.lstm.hidden_size)
        return states if lengths is None else clear_padding(states, lengths), last

    @property
    def _directions(self) -> int:
        return 2 if self.lstm.bidirectional else 1


def _onnx_lstm(
    inputs: Float[Tensor, "batch steps input_size"],
    lengths: Int64[Tensor, " batch"] | None,
    weights: Sequence[Sequence[Tensor]],
    hidden_size: int,
) -> tuple[Float[Tensor, "batch steps out_features"], Float[Tensor, "directions batch hidden"]]:
    """One layer; of each direction, weights of the input and of the state, then the biases of both."""
    batch, steps, directions = inputs.shape[0], inputs.shape[1], len(weights)
    of_inputs, of_states, biases, state_biases = (
        torch.stack([_reorder_gates(direction[kind]) for direction in weights]) for kind in range(4)
    )
    # ONNX wants the time first; that is the one layout that ONNX Runtime knows.
    states, last = torch.onnx.ops.symbolic_multi_out(
        "::LSTM",
        [
            inputs.transpose(0, 1),
            of_inputs,
            of_states,
            torch.cat([biases, state_biases], dim=1),
            None if lengths is None else lengths.to(torch.int32),
        ],
        {"hidden_size": hidden_size, "direction": "forward" if directions == 1 else "bidirectional"},
        dtypes=(inputs.dtype, inputs.dtype),
        shapes=([steps, directions, batch, hidden_size], [directions, batch, hidden_size]),
    )
    return states.permute(2, 0, 1, 3).flatten(2), last


def _reorder_gates(weights: Float[Tensor, "gates ..."]) -> Float[Tensor, "gates ..."]:
    """From torch's order, input, forget, cell, output, to ONNX's: input, output, forget, cell."""
    size = weights.shape[0] // 4
    return torch.cat([weights[:size], weights[3 * size :], weights[size : 3 * size]])
