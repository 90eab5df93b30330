"""A model reads trees of tokens; every pass goes through here and is counted.

    Row ──► mask: a token sees its ancestors ──► model(tokens, positions, mask, keys and values so far) ──► logits

A row longer than `room` is fed in pieces, which bounds the memory of activations and of the logits, taken only where
they are asked for. It knows models of the transformers library that attend by keys and values; `takes_trees` finds out
whether one really heeds such a mask. It does not know examples.

>>> reader = Reader(model); cache = reader.handed_on(None, row)                                # doctest: +SKIP
>>> for columns, logits in reader.read(row, cache, wanted): ...                                # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workbench.evaluation.scoring.tree import Fed, Row, rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

ROOM = 512  # tokens a pass: large enough to keep two cores busy, small enough that attention stays a minor part


class Reader:
    """One model and what its passes have cost so far."""

    def __init__(self, model: Any, *, room: int = ROOM) -> None:
        self.model = model
        self.room = room
        self.tokens_read = self.tokens_written = self.passes = 0

    def handed_on(self, cache: Any, row: Row) -> Any:
        """Keys and values for a row: its stem's, taken from those of the row before."""
        from transformers import DynamicCache

        if cache is None or not row.stem:
            return DynamicCache()
        kept = self._long(row.stem)
        return DynamicCache([(layer.keys[:, :, kept], layer.values[:, :, kept]) for layer in cache.layers])

    def read(self, row: Row, cache: Any, wanted: Sequence[int]) -> Iterator[tuple[list[int], Tensor]]:
        """Read a row into the cache; pairs of wanted columns and their logits, (columns, vocabulary), float32."""
        seen, first = row.seen(), len(row.stem)
        for begin in range(0, len(row.tokens), self.room):
            end = min(begin + self.room, len(row.tokens))
            columns = [column for column in wanted if begin <= column - first < end]
            at = [column - first - begin for column in columns] or [end - begin - 1]
            piece = seen[begin:end, : first + end]
            logits = self._pass(row.tokens[begin:end], row.positions[begin:end], piece, cache, at)
            self.tokens_read += end - begin
            if columns:
                yield columns, logits

    def read_at(self, row: Row, cache: Any, wanted: Sequence[int]) -> list[Tensor]:
        """Read a row; the logits of each wanted column, (vocabulary) each, in the order asked for."""
        found: dict[int, Tensor] = {}
        for columns, logits in self.read(row, cache, sorted(set(wanted))):
            found |= zip(columns, logits, strict=True)
        return [found[column] for column in wanted]

    def write(self, tokens: Sequence[int], positions: Sequence[int], seen: NDArray[np.bool_], cache: Any) -> Tensor:
        """One more token of each of several replies; logits, (replies, vocabulary)."""
        self.tokens_written += len(tokens)
        return self._pass(tokens, positions, seen, cache, range(len(tokens)))

    def alone(self, tokens: Sequence[int], cache: Any) -> Tensor:
        """Logits after the last token of one plain sequence, (vocabulary), the way `generate` computes them."""
        self.passes += 1
        out = self.model(
            input_ids=self._long(tokens)[None], past_key_values=cache, use_cache=cache is not None, logits_to_keep=1
        )
        logits: Tensor = out.logits[0, -1].float()
        return logits

    def takes_trees(self, fed: Sequence[Fed], *, within: float) -> bool:
        """Whether the model says the same of sequences laid over each other as of each alone."""
        [row] = rows(fed, sum(len(one.tokens) for one in fed))
        together = self.read_at(row, self.handed_on(None, row), [path[-1] for path in row.paths])
        apart = [self.alone(fed[place].tokens, None) for place in row.places]
        far = (float((one - other).abs().max()) for one, other in zip(together, apart, strict=True))
        return all(one <= within for one in far)

    def _pass(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        seen: NDArray[np.bool_],
        cache: Any,
        at: Sequence[int],
    ) -> Tensor:
        self.passes += 1
        out = self.model(
            input_ids=self._long(tokens)[None],
            position_ids=self._long(positions)[None],
            attention_mask=self._mask(seen),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=self._long(at),
        )
        logits: Tensor = out.logits[0].float()
        return logits

    def _mask(self, seen: NDArray[np.bool_]) -> Tensor:
        """Added to attention's scores: 0 where a token sees, the lowest number elsewhere; (1, 1, tokens, columns)."""
        import torch

        sees = torch.from_numpy(seen).to(self.model.device)
        added = torch.zeros(sees.shape, dtype=self.model.dtype, device=sees.device)
        return added.masked_fill_(~sees, torch.finfo(self.model.dtype).min)[None, None]

    def _long(self, numbers: Sequence[int]) -> Tensor:
        import torch

        return torch.tensor(list(numbers), dtype=torch.long, device=self.model.device)
