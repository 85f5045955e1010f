"""Truth: every variant really relaxed, in its own potential, walking out along lambda.

The walk extrapolates the minima found so far and takes quasi-Newton steps with H(q0; Theta), which
is linear in Theta. Both only choose where to look: a variant counts as relaxed when the gradient of
its own potential, evaluated by LAMMPS, is below the tolerance.
"""

import numpy as np
import xarray as xr
from scipy.interpolate import KroghInterpolator

from relaxdiff.coordinates import Coordinates
from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.formation import formation_of
from relaxdiff.lammps_minimise import lammps_minimise
from relaxdiff.minimise import quasi_newton
from relaxdiff.structures import atoms_per_cubic_cell
from relaxdiff.variants import deviations, variant_shifts

STATUS = ("converged", "not_converged", "left_basin", "lammps_error", "cut", "bulk_unstable")
TOLERANCE = 1e-6  # eV/Angstrom
MAX_STEPS = 60
HISTORY = 5  # minima that the extrapolation passes through
# A structure with an atom this far from its place in the reference minimum, or strained this much,
# is another one.
BASIN_RADIUS = 0.25  # of the nearest-neighbour distance
BASIN_STRAIN = 0.1


def coordinates_near(reference, derivative):
    """The Coordinates that `derivative` was taken in, with the reference minimum at q = 0."""
    modes = derivative["mode_displacements"].values
    strain = derivative.sizes["mode"] > len(modes)
    return Coordinates(
        reference,
        modes.reshape(len(modes), 3 * len(reference)).T,
        derivative["orbit"].values,
        strain,
    )


def in_basin(coordinates, q):
    """Whether q is near enough to the reference minimum to be the same kind of structure."""
    radius = BASIN_RADIUS * coordinates.nearest_neighbour_distance
    near = np.abs(coordinates.displacements(q)).max() < radius
    return bool(near and abs(coordinates.strain_of(q)) < BASIN_STRAIN)


class Relaxer:
    """Relaxes variants with descriptors in the reference's coordinates (`truth.relaxer: newton`).

    A context manager. potential: SnapPotential at the mean; reference: relaxed Atoms; derivative:
    Dataset of `implicit_derivative`.
    """

    def __init__(self, potential, reference, derivative):
        self.coordinates = coordinates_near(reference, derivative)
        self.tensor = derivative["hessian_tensor"].values
        self.evaluator = evaluator_for(self.coordinates, potential)
        self.correction = np.zeros(self.tensor.shape[:2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.evaluator.close()

    def begin_branch(self):
        """Forget what the last branch taught about the Hessian."""
        self.correction = np.zeros_like(self.correction)

    def relax(self, weights, start):
        """Relax from coordinates `start`; returns energy (eV), q, max gradient and evaluations."""
        quadratic = self.tensor @ weights
        # What BFGS learnt at the last variant still holds here: both are at nearly the same q.
        end = quasi_newton(
            self.evaluator,
            weights,
            start,
            quadratic + self.correction,
            TOLERANCE,
            MAX_STEPS,
            inside=lambda q: in_basin(self.coordinates, q),
        )
        if end.converged:
            self.correction = end.hessian - quadratic
        return end.values @ weights, end.q, end.max_gradient, end.n_evaluations


class LammpsRelaxer:
    """The same by LAMMPS's own `minimize` and `fix box/relax` (`truth.relaxer: lammps`)."""

    def __init__(self, potential, reference, derivative):
        self.potential = potential
        self.coordinates = coordinates_near(reference, derivative)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_branch(self):
        """Nothing is remembered."""

    def relax(self, weights, start):
        """As `Relaxer.relax`; q is the part of the structure that the coordinates span."""
        potential = self.potential.with_theta(weights[:-1], energy_shift=0.0)
        structure = self.coordinates.structure(start)
        end = lammps_minimise(structure, potential, TOLERANCE, self.coordinates.strain)
        return (
            end.energy,
            self.coordinates.locate(end.atoms),
            end.max_gradient,
            (end.n_force_calls),
        )


RELAXERS = {"newton": Relaxer, "lammps": LammpsRelaxer}


def relax_variants(potential, posterior, bulk, reference, derivative, samples, relaxer, report):
    """Relax all stable variants of some samples.

    samples: indices into the posterior's samples; relaxer: 'newton' or 'lammps'; report: called
    with a line of text after each sample. Returns a Dataset over (sample, lambda) with `status`,
    energies, volumes and coordinates; NaN in every row whose status is not 'converged'.
    """
    if relaxer not in RELAXERS:
        raise InputError(f"truth.relaxer: '{relaxer}' is not one of {', '.join(RELAXERS)}")
    with RELAXERS[relaxer](potential, reference, derivative) as engine:
        rows = []
        for sample in samples:
            rows.append(_relax_sample(engine, posterior, bulk, derivative, sample))
            done = rows[-1]["status"]
            report(
                f"sample {sample}: {np.sum(done == 'converged')} of "
                f"{np.sum(done != 'bulk_unstable')} variants relaxed, "
                f"{rows[-1]['evaluations'].sum()} evaluations"
            )
    return _dataset(rows, posterior, bulk, engine.coordinates, samples, relaxer)


def _relax_sample(engine, posterior, bulk, derivative, sample):
    """One sample: both branches outwards from lambda = 0. Returns a dict of arrays over lambda."""
    lambdas = bulk["lambda"].values
    stable = bulk["status"].values[sample] == "stable"
    zero = int(np.argmin(np.abs(lambdas)))
    delta = deviations(posterior)[0][sample]
    mean = posterior["theta_mean"].values
    size = engine.coordinates.size
    row = {
        "status": np.full(len(lambdas), "bulk_unstable", dtype=object),
        "message": np.full(len(lambdas), "", dtype=object),
        "energy": np.full(len(lambdas), np.nan),
        "gradient": np.full(len(lambdas), np.nan),
        "q": np.full((len(lambdas), size), np.nan),
        "evaluations": np.zeros(len(lambdas), dtype=int),
    }
    tangent = engine.coordinates.tangent(derivative, delta)
    for outward in (range(zero, len(lambdas)), range(zero - 1, -1, -1)):
        engine.begin_branch()
        history = [(0.0, np.zeros(size)), (0.0, tangent)]
        for index in outward:
            if not stable[index]:
                break
            weights = np.append(mean + lambdas[index] * delta, 1.0)
            starts = (_extrapolate(history, lambdas[index]), history[-1][1])
            _relax_one(engine, row, index, weights, starts)
            if row["status"][index] in ("not_converged", "left_basin"):
                # The minimum has vanished on the way: there is none to walk on from.
                beyond = [i for i in outward if abs(i - zero) > abs(index - zero) and stable[i]]
                row["status"][beyond] = "cut"
                break
            if row["status"][index] == "converged" and index != zero:
                history = [*history, (lambdas[index], row["q"][index])][-HISTORY:]
    return row


def _relax_one(engine, row, index, weights, starts):
    """Relax one variant into its row; whatever goes wrong ends there as a status.

    starts: where to begin; a later one is tried when the ones before it have failed.
    """
    for start in starts:
        try:
            energy, q, gradient, evaluations = engine.relax(weights, start)
        except LammpsError as error:
            row["status"][index], row["message"][index] = "lammps_error", str(error)
        else:
            row["gradient"][index] = gradient
            row["evaluations"][index] += evaluations
            row["status"][index] = _status(engine.coordinates, q, gradient)
        if row["status"][index] == "converged":
            row["energy"][index], row["q"][index] = energy, q
            row["message"][index] = ""
            return
        engine.begin_branch()


def _status(coordinates, q, gradient):
    if not in_basin(coordinates, q):
        return "left_basin"
    return "converged" if gradient < TOLERANCE else "not_converged"


def _extrapolate(history, stretch):
    """Polynomial through the history; two equal abscissae hold a value and its derivative."""
    abscissae = [point for point, _ in history]
    return KroghInterpolator(abscissae, [value for _, value in history])(stretch)


def _dataset(rows, posterior, bulk, coordinates, samples, relaxer):
    over = ("sample", "lambda")
    lambdas = bulk["lambda"].values
    here = bulk.isel(sample=samples)
    collected = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    status, q = collected["status"], collected["q"]
    reference = coordinates.reference
    n_atoms = len(reference)
    strain = q[..., -1] if coordinates.strain else np.where(status == "converged", 0.0, np.nan)
    shifts = variant_shifts(posterior, lambdas)[samples]
    energy = collected["energy"] + n_atoms * shifts
    volume = reference.get_volume() * (1 + strain) ** 3
    bulk_volume = here["lattice_parameter"].values ** 3 / atoms_per_cubic_cell(
        bulk.attrs["lattice"]
    )
    formation_energy, formation_volume = formation_of(
        energy, volume, n_atoms, here["energy"].values, bulk_volume
    )
    variables = {
        "status": variable(
            over, status.astype(str), "1", "outcome of the relaxation", meanings=" ".join(STATUS)
        ),
        "message": variable(over, collected["message"].astype(str), "1", "LAMMPS's words, if any"),
        "energy": variable(over, energy, "eV", "energy of the relaxed defect cell"),
        "volume": variable(over, volume, "Angstrom^3", "volume of the relaxed defect cell"),
        "formation_energy": variable(over, formation_energy, "eV", "formation energy"),
        "formation_volume": variable(over, formation_volume, "Angstrom^3", "formation volume"),
        "coordinates": variable(
            (*over, "mode"), q, "Angstrom", "mode amplitudes and, last, strain, from the reference"
        ),
        "max_gradient": variable(
            over, collected["gradient"], "eV/Angstrom", "largest gradient component left"
        ),
        "evaluations": variable(
            over, collected["evaluations"], "1", "evaluations of descriptors or LAMMPS forces"
        ),
    }
    coords = {"sample": np.asarray(samples), "lambda": lambdas}
    return xr.Dataset(
        variables, coords, {"relaxer": relaxer, "tolerance": TOLERANCE, "n_atoms": n_atoms}
    )
