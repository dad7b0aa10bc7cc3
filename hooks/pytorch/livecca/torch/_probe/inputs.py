"""The inputs of a probe as one array, for their fingerprint."""

from __future__ import annotations

from hashlib import blake2b

import torch


def joined(inputs: tuple[torch.Tensor, ...], count: int | None = None) -> torch.Tensor:
    """The inputs of a batch as one array on the CPU, a row an input, for their fingerprint.

    One tensor is as it is. Of several tensors it is a digest for each input, because their sizes
    may differ from batch to batch, as padded sequences do. A recording of the same inputs must come
    through this function, too.

    Parameters
    ----------
    inputs
        As of ProbeBatch. Their first axis goes through the inputs of the batch, or else the second,
        as for an LSTM without batch_first. A tensor without such an axis, such as positions that
        all inputs share, belongs to each row.
    count
        The number of inputs; None: the extent of the first axis.
    """
    tensors = [tensor.detach().cpu() for tensor in inputs]
    rows = count
    if rows is None:
        rows = tensors[0].shape[0] if tensors[0].dim() > 0 else 1
    if len(tensors) == 1:
        return _rows_first(tensors[0], rows)
    digests = [blake2b(digest_size=16) for _ in range(rows)]
    for tensor in tensors:
        tensor = _rows_first(tensor, rows)
        if tensor.dim() == 0 or tensor.shape[0] != rows:
            tensor = tensor.reshape(1, -1).expand(rows, -1)
        facts = f"{tensor.dtype} {tuple(tensor.shape[1:])}".encode()
        for row, digest in zip(tensor.reshape(rows, -1), digests, strict=True):
            digest.update(facts)
            digest.update(row.contiguous().view(torch.uint8).numpy())
    both = b"".join(digest.digest() for digest in digests)
    return torch.frombuffer(bytearray(both), dtype=torch.uint8).reshape(rows, 16)


def _rows_first(tensor: torch.Tensor, rows: int) -> torch.Tensor:
    if tensor.dim() > 1 and tensor.shape[0] != rows and tensor.shape[1] == rows:
        return tensor.transpose(0, 1)
    return tensor
