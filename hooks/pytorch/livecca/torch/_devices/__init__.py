"""Tensors on a GPU: which of their rows travel, and when."""
