"""Hanport's decoder: octets of a meter port in, readings out."""

from hanport.decoder import Decoder
from hanport.reading import Reading

__all__ = ("Decoder", "Reading")
