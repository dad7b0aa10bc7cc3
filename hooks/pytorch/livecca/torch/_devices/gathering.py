"""Gathers the rows that the core takes of an activation, on the device where it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from livecca._row_choice import ChoosesRows
from livecca.torch._layers.readings import Reading


@dataclass(frozen=True)
class Gathered:
    """Rows of an activation, in memory of their own.

    Attributes
    ----------
    rows
        Images · rows of an image × features.
    positions
        Where each row comes from, int64; None if images are flattened.
    shape
        Of the activation, of the images that were gathered: images, features, depth, height, width.
        None if the rows are the whole activation as it is.
    """

    rows: torch.Tensor
    positions: torch.Tensor | None
    shape: tuple[int, int, int, int, int] | None

    @property
    def images(self) -> int | None:
        """How many images were gathered; None: all."""
        return None if self.shape is None else self.shape[0]


class RowChoice:
    """Which rows one step takes, as the core chooses them.

    What it chooses is the same for all layers of a size, so it is uploaded once for each.

    Parameters
    ----------
    step
        Of the core: a step of a monitor or a batch of a recorder.
    upload
        Brings a tensor from the CPU's memory to a device, without waiting for the device.
    """

    def __init__(
        self, step: ChoosesRows, upload: Callable[[torch.Tensor, torch.device], torch.Tensor]
    ) -> None:
        self._step = step
        self._upload = upload
        self._known: dict[tuple[object, ...], torch.Tensor | None] = {}

    def images(self, count: int) -> int:
        """How many images of a batch are taken: its first ones."""
        return self._step.images(count)

    def rows_per_image(self, grid_size: int) -> int:
        """The most rows of one image."""
        return self._step.rows_per_image(grid_size)

    def positions(self, images: int, grid_size: int, device: torch.device) -> torch.Tensor:
        """The positions of each image, int64 of images × rows of an image."""

        def choose() -> torch.Tensor:
            return _on_cpu(self._step.positions(images, grid_size, grid_size)[0])

        found = self._of(("positions", images, grid_size, device), choose, device)
        assert found is not None
        return found

    def ranks(self, images: int, steps: int, device: torch.device) -> torch.Tensor:
        """For sequences with 1 to `steps` valid steps, which of these are taken, by their rank.

        int64 of steps × images × rows of an image. How many steps are valid is known on the device
        only, so there is a choice for each number.
        """
        found = self._of(
            ("ranks", images, steps, device),
            lambda: _on_cpu(self._step.positions(images, 1, steps)),
            device,
        )
        assert found is not None
        return found

    def features(self, width: int, device: torch.device) -> torch.Tensor | None:
        """The features of a row, int64; None: all."""

        def choose() -> torch.Tensor | None:
            found = self._step.features(width)
            return None if found is None else _on_cpu(found)

        return self._of(("features", width, device), choose, device)

    def _of(
        self,
        key: tuple[object, ...],
        choose: Callable[[], torch.Tensor | None],
        device: torch.device,
    ) -> torch.Tensor | None:
        if key not in self._known:
            chosen = choose()
            self._known[key] = (
                None if chosen is None else self._upload(chosen, device).to(torch.int64)
            )
        return self._known[key]


def _on_cpu(numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, device="cpu")  # whatever the default device is


def gather(
    tensor: torch.Tensor, reading: Reading, valid: torch.Tensor | None, choice: RowChoice
) -> Gathered | None:
    """Gathers the rows that the core would take, bit for bit. Nothing is computed, and nothing is
    waited for.

    Parameters
    ----------
    tensor
        The activation, on any device.
    reading
        Its axes and samples.
    valid
        Which steps are valid, bool of sequences × steps, on the same device; None: all.
    choice
        Which rows the step takes.

    Returns
    -------
    Gathered or None
        None if the core needs the whole activation: nothing of it is left out, it is for a mean,
        or it does not fit its reading, which the core then says.
    """
    fits = tensor.dim() == len(reading.layout) and tensor.numel() > 0
    if not fits or reading.samples == "pooled":
        return None
    if valid is not None and valid.shape != reading.batch_and_steps(tensor):
        return None
    whole = _Activation.of(tensor, reading.layout)
    images = choice.images(whole.values.shape[0])
    taken = _Activation(whole.values[:images], whole.grid)
    if reading.samples == "flattened":
        return _flattened(taken, whole, choice)
    valid = None if valid is None else valid[:images]
    if reading.samples == "positions":
        return _positions(taken, whole, valid, choice)
    return _one_step(taken, reading, valid, choice)


@dataclass(frozen=True)
class _Activation:
    """A view with the axes images, those of the grid if there are any, features."""

    values: torch.Tensor
    grid: tuple[int, ...]

    @classmethod
    def of(cls, tensor: torch.Tensor, layout: str) -> _Activation:
        axes = [layout.index(letter) for letter in "ndhwltc" if letter in layout]
        values = tensor.permute(axes)
        return cls(values, tuple(values.shape[1:-1]))

    @property
    def images(self) -> int:
        return self.values.shape[0]

    @property
    def size(self) -> int:
        size = 1
        for extent in self.grid:
            size *= extent
        return size

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        depth, height, width = (1, 1, 1, *self.grid)[-3:]
        return self.images, self.values.shape[-1], depth, height, width

    def image_numbers(self) -> torch.Tensor:
        return torch.arange(self.images, device=self.values.device)

    def index_of(self, positions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The index of flat positions along each axis of the grid."""
        index: list[torch.Tensor] = []
        for extent in reversed(self.grid):
            index.insert(0, positions % extent)
            positions = positions // extent
        return tuple(index)


def _positions(
    taken: _Activation, whole: _Activation, valid: torch.Tensor | None, choice: RowChoice
) -> Gathered | None:
    device = taken.values.device
    per_image = choice.rows_per_image(taken.size)
    features = choice.features(taken.values.shape[-1], device)
    if per_image == taken.size and features is None and taken.images == whole.images:
        return None
    if valid is None:
        positions = choice.positions(taken.images, taken.size, device)
    else:
        positions = _valid_positions(valid, choice)
    image = taken.image_numbers().unsqueeze(1)
    index: tuple[torch.Tensor, ...] = (image, *taken.index_of(positions))
    if features is not None:
        index = (*(part.unsqueeze(2) for part in index), features)
    rows = taken.values[index]
    return Gathered(rows.reshape(taken.images * per_image, -1), positions.reshape(-1), taken.shape)


def _valid_positions(valid: torch.Tensor, choice: RowChoice) -> torch.Tensor:
    """The steps that are taken of each sequence, among its valid ones: sequences × rows."""
    sequences, steps = valid.shape
    counts = valid.sum(1)
    ranks = choice.ranks(sequences, steps, valid.device)
    number = torch.arange(sequences, device=valid.device)
    chosen = ranks[(counts - 1).clamp(min=0), number]
    # The valid steps of each sequence in their order, then the others.
    in_order = torch.argsort((~valid).to(torch.uint8), dim=1, stable=True)
    return in_order.gather(1, chosen)


def _one_step(
    taken: _Activation, reading: Reading, valid: torch.Tensor | None, choice: RowChoice
) -> Gathered | None:
    steps, device = taken.size, taken.values.device
    if reading.samples == "step" and reading.step >= steps:
        return None
    if reading.samples == "last" and valid is not None:
        numbers = torch.arange(steps, device=device)
        # -1 where no step is valid; what is gathered then is not looked at.
        step = torch.where(valid, numbers, -1).amax(1)
    else:
        number = reading.step if reading.samples == "step" else steps - 1
        step = torch.full((taken.images,), number, device=device)
    rows = taken.values[taken.image_numbers(), step.clamp(min=0)]
    features = choice.features(rows.shape[1], device)
    if features is not None:
        rows = rows.index_select(1, features)
    return Gathered(rows, step, taken.shape)


def _flattened(taken: _Activation, whole: _Activation, choice: RowChoice) -> Gathered | None:
    """Of each image all values, in the order features, grid; or the chosen ones of them."""
    channels, size = taken.values.shape[-1], taken.size
    features = choice.features(channels * size, taken.values.device)
    if features is None:
        if taken.images == whole.images:
            return None
        rows = taken.values.movedim(-1, 1).flatten(1).clone(memory_format=torch.contiguous_format)
        return Gathered(rows, None, taken.shape)
    image = taken.image_numbers().unsqueeze(1)
    index = (image, *taken.index_of(features % size), features // size)
    return Gathered(taken.values[index], None, taken.shape)
