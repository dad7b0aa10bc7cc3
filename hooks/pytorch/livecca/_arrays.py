"""Arrays of any library, made ready for the core: floating-point numbers in the CPU's memory."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from livecca._errors import Error

# The core reads these where they lie. NumPy has no bfloat16: it comes through DLPack.
FLOATS = ("float16", "bfloat16", "float32", "float64")
_ON_CPU = 1


def is_torch_tensor(array: Any) -> bool:
    """Whether it is a tensor of PyTorch, which is not imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _dtype_name(array: Any) -> str:
    return str(getattr(array, "dtype", "")).removeprefix("torch.")


def _of_torch(tensor: Any, name: str) -> Any:
    if tensor.layout is not sys.modules["torch"].strided:
        raise Error(f"{name}: expected a dense tensor, got {tensor.layout}; use .to_dense()")
    return tensor.detach().resolve_conj().resolve_neg().cpu()


def _of_device(array: Any, name: str) -> Any:
    """A copy in the CPU's memory, as the array's own library makes it."""
    try:
        return np.from_dlpack(array, device="cpu")
    except (TypeError, ValueError, BufferError, RuntimeError) as reason:
        raise Error(
            f"{name}: expected an array in the CPU's memory, got {type(array).__module__} on "
            f"device {array.__dlpack_device__()}, which cannot be copied by itself ({reason})"
        ) from None


def readable(array: Any, name: str) -> Any:
    """An array that the core can read: the same memory where it can, a copy where it must.

    Parameters
    ----------
    array
        NumPy's, PyTorch's, JAX's or CuPy's, or anything with DLPack or the buffer protocol. Whole
        numbers and booleans become float64; arrays on a device are copied to the CPU's memory.
    name
        What messages begin with.

    Raises
    ------
    Error
        If it is no array of numbers.
    """
    if is_torch_tensor(array):
        array = _of_torch(array, name)
    elif hasattr(array, "__dlpack_device__") and array.__dlpack_device__()[0] != _ON_CPU:
        array = _of_device(array, name)
    elif not hasattr(array, "__dlpack__"):
        array = np.asarray(array)
    dtype = _dtype_name(array)
    if isinstance(array, np.ndarray):
        if array.dtype.kind in "iub":
            return array.astype(np.float64)
        if array.dtype.kind == "f" and not array.dtype.isnative:
            return array.astype(array.dtype.newbyteorder("="))
        if dtype == "bfloat16":  # of ml_dtypes: NumPy's own bridge does not know it
            return array.astype(np.float32)
    elif dtype not in FLOATS and (dtype.startswith(("int", "uint")) or dtype == "bool"):
        return np.asarray(array).astype(np.float64)
    if dtype not in FLOATS:
        raise Error(f"{name}: expected floating-point or whole numbers, got {dtype or 'objects'}")
    return array


def mask_values(mask: Any) -> Any:
    """A mask or lengths as float64 in C order."""
    return np.ascontiguousarray(np.asarray(readable(mask, "mask"), dtype=np.float64))


def input_array(array: Any, name: str) -> Any:
    """The inputs of a probe, of whatever type, for their fingerprint."""
    if is_torch_tensor(array):
        return _of_torch(array, name)
    if hasattr(array, "__dlpack_device__") and array.__dlpack_device__()[0] != _ON_CPU:
        return _of_device(array, name)
    return array if hasattr(array, "__dlpack__") else np.asarray(array)
