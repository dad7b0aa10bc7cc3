"""Arrays of any library, made ready for the core: floating-point numbers in the CPU's memory.

NumPy is imported where it is needed, so that ``import livecca`` does not wait for it.
"""

from __future__ import annotations

import sys
from typing import Any

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
    if tensor.is_nested:
        raise Error(f"{name}: expected a dense tensor, got a nested one; use .to_padded_tensor()")
    if tensor.layout is not sys.modules["torch"].strided:
        raise Error(f"{name}: expected a dense tensor, got {tensor.layout}; use .to_dense()")
    if tensor.device.type == "meta":
        raise Error(f"{name}: expected a tensor with numbers, got one on device meta, without any")
    return tensor.detach().resolve_conj().resolve_neg().cpu()


def _of_objects(array: Any, name: str) -> Any:
    """What the buffer protocol or NumPy makes an array of."""
    import numpy as np

    try:
        return np.asarray(array)
    except (ValueError, TypeError) as reason:
        raise Error(f"{name}: expected an array, got {type(array).__name__} ({reason})") from None


def _of_numpy(array: Any, name: str) -> Any:
    import numpy as np

    if np.ma.is_masked(array):
        raise Error(
            f"{name}: expected an array without a mask, got a masked one; use "
            ".filled(numpy.nan), because samples that are not finite are left out"
        )
    array = np.asarray(array)  # without a subclass's own rules
    strides_fit = all(stride % max(array.itemsize, 1) == 0 for stride in array.strides)
    # A field of a structured array may lie between elements.
    return array if strides_fit and array.flags.aligned else array.copy()


def _of_device(array: Any, name: str) -> Any:
    """A copy in the CPU's memory, as the array's own library makes it."""
    import numpy as np

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
    import numpy as np

    if is_torch_tensor(array):
        array = _of_torch(array, name)
    elif hasattr(array, "__dlpack_device__") and array.__dlpack_device__()[0] != _ON_CPU:
        array = _of_device(array, name)
    elif not hasattr(array, "__dlpack__"):
        array = _of_objects(array, name)
    if isinstance(array, np.ndarray):
        array = _of_numpy(array, name)
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
    import numpy as np

    return np.ascontiguousarray(np.asarray(readable(mask, "mask"), dtype=np.float64))


def valid_steps(mask: Any) -> Any:
    """A mask of sequences × steps as bytes of 0 and 1; ``None`` stays."""
    import numpy as np

    if mask is None:
        return None
    if is_torch_tensor(mask):
        mask = _of_torch(mask, "mask")
    if "bool" in _dtype_name(mask):  # as nearly all are, so that nothing is converted
        valid = np.asarray(mask)
    else:
        values = mask_values(mask)
        wrong = values[(values != 0) & (values != 1)]
        if wrong.size > 0:
            raise Error(f"mask: expected 0 and 1, got {wrong[0]}")
        valid = values.astype(np.uint8)
    if valid.ndim != 2:
        raise Error(f"mask: expected 2 axes, sequences and steps, got shape {valid.shape}")
    return valid


def input_array(array: Any, name: str) -> Any:
    """The inputs of a probe, of whatever type, for their fingerprint."""
    if is_torch_tensor(array):
        return _of_torch(array, name)
    if hasattr(array, "__dlpack_device__") and array.__dlpack_device__()[0] != _ON_CPU:
        return _of_device(array, name)
    return array if hasattr(array, "__dlpack__") else _of_objects(array, name)
