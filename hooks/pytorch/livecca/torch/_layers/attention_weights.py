"""Finds weights of attention among activations: their last axis has steps, not features."""

from __future__ import annotations

import re
from collections.abc import Collection

import torch
from torch import nn

_SOFTMAX = (nn.Softmax, nn.LogSoftmax, nn.Softmin)
_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.AlphaDropout, nn.FeatureAlphaDropout)
_NAMES = re.compile("attention|attn|mha", re.IGNORECASE)


def is_attention(scope: nn.Module) -> bool:
    """Whether a module computes weights of attention itself, by its name or a softmax in it."""
    if _NAMES.search(type(scope).__name__):
        return True
    return any(isinstance(child, _SOFTMAX) for child in scope.children())


def may_be_weights(
    module: nn.Module,
    shape: torch.Size,
    *,
    features: Collection[int],
    consumed: Collection[int],
    channels: Collection[int],
    has_convolutions: bool,
    in_attention: bool,
) -> bool:
    """Whether an output of 3 or 4 axes may be … × steps × steps.

    The two numbers of steps may differ, as they do where a decoder attends to an encoder.

    Call it for modules that do not say by their type what their axes are.

    Parameters
    ----------
    module, shape
        The module and the shape of its output.
    features, consumed, channels
        The widths that linear layers in it or beside it put out, those that they take in, and the
        widths of convolutions there.
    has_convolutions
        Whether there are convolutions. Their images may be as wide as high.
    in_attention
        Whether the module only passes on what an attention around it computes, as a dropout does.
    """
    is_width = shape[-1] in features
    is_square = shape[-1] == shape[-2]
    if isinstance(module, _SOFTMAX) and module.dim in (-1, len(shape) - 1):
        if len(shape) == 4 or is_square or not is_width:
            return True
    if has_convolutions:
        return in_attention and shape[1] not in channels and (is_square or not is_width)
    if is_square and features and (len(shape) == 4 or not is_width):
        return True
    is_known = is_width or shape[-1] in consumed or not features
    if len(shape) == 3 and not is_known and _may_pass_weights_on(module):
        return True
    return in_attention and (is_square or not is_width)


def _may_pass_weights_on(module: nn.Module) -> bool:
    """Whether it is a dropout, or a module of the user's that has no parameters."""
    if next(module.parameters(), None) is not None:
        return False
    return isinstance(module, _DROPOUT) or type(module).__module__.split(".")[0] != "torch"
