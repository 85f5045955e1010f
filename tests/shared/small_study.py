"""A vacancy in 2x2x2 cells of tungsten and three samples, from the reference to the truth."""

from functools import cached_property

from relaxdiff import implicit_derivative, predict_variants, relax, relax_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.predictions.evaluated import evaluate_predictions
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import starting_crystal

LAMBDAS = lambda_grid(-4, 4, 1)
CRYSTAL = starting_crystal("W", "bcc")
STRUCTURE = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"}


class SmallStudy:
    """Its parts, each made when it is first asked for and then kept: leave them as they are."""

    def __init__(self, potential, posterior):
        self.potential = potential
        self.posterior = posterior

    @cached_property
    def bulk(self):
        """Of all variants."""
        return bulk_of_variants(self.potential, self.posterior, LAMBDAS, CRYSTAL, 2)

    @cached_property
    def crystal(self):
        """What the structure is compared with."""
        return crystal_of(self.potential, self.posterior, self.bulk)

    @cached_property
    def minimum(self):
        """The relaxed reference, 15 atoms."""
        atoms = vacancy_cell("W", self.crystal.attrs["lattice_parameter"], 2)
        return relax(atoms, self.potential, tolerance=1e-10)

    @cached_property
    def derivative(self):
        """Dense."""
        return implicit_derivative(self.minimum)

    @cached_property
    def constants(self):
        """Force constants of all symmetry blocks."""
        return force_constants(self.minimum)

    @cached_property
    def predictions(self):
        """At all levels that need no evaluation."""
        return predict_variants(self.posterior, self.crystal, self.derivative)

    @cached_property
    def evaluations(self):
        """At the levels that need one."""
        lines = []
        known = self.minimum, self.posterior, self.crystal, self.derivative
        found = evaluate_predictions(*known, range(3), lines.append)
        assert len(lines) == 3
        return found

    @cached_property
    def known(self):
        """What the truth starts from, a dict."""
        names = ("crystal", "minimum", "derivative", "constants")
        return {name: getattr(self, name) for name in names}

    @cached_property
    def truth(self):
        """All variants relaxed."""
        return run(self.posterior, self.known, "newton")


def crystal_of(potential, posterior, bulk=None):
    """The crystal of STRUCTURE for all variants."""
    if bulk is None:
        bulk = bulk_of_variants(potential, posterior, LAMBDAS, CRYSTAL, 2)
    return crystal_of_variants(potential, posterior, bulk, strain_basis_of(STRUCTURE, "bcc"))


def run(posterior, study, relaxer, samples=(0, 1, 2)):
    """The truth of some samples by a relaxer; study: as `SmallStudy.known`, or a part changed."""
    lines = []
    result = relax_variants(
        study["minimum"],
        posterior,
        study["crystal"],
        study["derivative"],
        study["constants"],
        list(samples),
        relaxer,
        lines.append,
    )
    assert len(lines) == len(samples)
    return result
