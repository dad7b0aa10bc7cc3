"""The one error type of the package."""

from livecca._core import Error

Error.__module__ = "livecca"  # what tracebacks and pickles call it

__all__ = ["Error"]
