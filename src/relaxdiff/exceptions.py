"""The errors that relaxdiff raises on purpose.

Anything else that escapes the library is a defect of the library.
"""


class InputError(ValueError):
    """A file, key or value given by the user cannot be used; the message says which and why."""


class EvaluationError(RuntimeError):
    """A potential has no value for a structure; the message says why."""


class LammpsError(EvaluationError):
    """LAMMPS refused a command; the message carries LAMMPS's own words and the structure's name."""


class RelaxationError(RuntimeError):
    """A structure that all results depend on (the reference, the bulk) has no usable minimum."""


class LeftStructureError(RelaxationError):
    """A structure is no minimum, and relaxing it downhill leads to a different structure.

    relaxed: Minimum of the different one; lattice_parameter: of the crystal that both are made of,
    Angstrom.
    """

    def __init__(self, message, relaxed, lattice_parameter):
        super().__init__(message)
        self.relaxed, self.lattice_parameter = relaxed, lattice_parameter


class SlurmError(RuntimeError):
    """Slurm refused a command or has not carried it out; the message has Slurm's own words."""
