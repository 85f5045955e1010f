"""The one door to LAMMPS: descriptors, energies, forces and its own minimiser."""
