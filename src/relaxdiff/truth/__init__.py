"""Every variant really relaxed, and some of them again by plain LAMMPS."""

__all__ = []
