"""Generators that others trained and published: a checkpoint of CycleGAN's kind becomes a weights bundle.

unpickle.py     the file, which could run code, to plain tensors: a process of its own does it
checkpoint.py   starts that process, with its limits
layout.py       which network these tensors are
bundle.py       networks and card of what was found
"""

from translation.published.bundle import import_generators

__all__ = ["import_generators"]
