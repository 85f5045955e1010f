"""Atoms before they relax, their symmetry, and the coordinates they relax in."""
