"""Truth: every variant really relaxed, in its own potential, walking out along lambda.

The walk extrapolates the minima found so far and takes quasi-Newton steps with H(q0; Theta), which
is linear in Theta, or in large cells with the crystal's Hessian at the mean. These only choose
where to look: a variant counts as relaxed when the gradient of its own potential, evaluated by
LAMMPS, is below the tolerance. Where a minimum vanishes the walk would fall into another structure;
it notices, goes back, and tries again with halved steps. Where the minimum turns into a saddle
point of the full space, the branch ends.
"""

import itertools

import numpy as np
import xarray as xr

from relaxdiff.crystals import compared_with
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.minima import (
    HISTORY,
    RELAXERS,
    TOLERANCE,
    Branch,
    Outcome,
    StabilityTest,
    mode_displacements,
)
from relaxdiff.posterior import deviations, variant_shifts
from relaxdiff.running import FOUND_AGAIN, is_first, of_first

STATUS = (
    "converged",
    "not_converged",
    "left_basin",
    "saddle_point",
    "lammps_error",
    "cut",
    "bulk_unstable",
    "predicted",
)


def relax_variants(
    minimum,
    posterior,
    crystal,
    derivative,
    constants,
    samples,
    relaxer,
    report,
    checkpoints=None,
    certificate=None,
):
    """Relax all stable variants of some samples.

    minimum: the reference Minimum, at the mean; posterior, crystal, derivative: the Datasets of
    those names, of which the derivative only tells where to look first; constants: what is known of
    second derivatives, the Dataset of `force_constants` or, for the relaxer 'sparse', the
    LatticeGreen of `crystal_green`; samples: indices into the posterior's samples; relaxer:
    'newton', 'sparse' or 'lammps' (with either constants); report: called with a line of text after
    each sample, and found=True for one that `checkpoints` had; checkpoints: Checkpoints that keep
    finished samples, if wanted; certificate: a Certificate of predictions that make relaxations
    unnecessary, never for a truth that predictions are compared with. Returns a Dataset over
    (sample, lambda) with `status`, energies, volumes and coordinates; NaN in every row whose status
    is neither 'converged' nor 'predicted'. Raises InputError for an unknown relaxer,
    RelaxationError when the reference turns out to be a saddle point (see StabilityTest).
    """
    if relaxer not in RELAXERS:
        raise InputError(f"truth.relaxer: '{relaxer}' is not one of {', '.join(RELAXERS)}")
    with (
        RELAXERS[relaxer](minimum, constants) as engine,
        StabilityTest(minimum, constants) as test,
    ):
        parts = []
        for sample in samples:
            part = of_first(lambda at=sample: checkpoints.read(at)) if checkpoints else None
            if part is not None:
                report(f"sample {sample}: {FOUND_AGAIN}", found=True)
            else:
                before = test.n_evaluations
                row = _relax_sample(
                    engine, test, posterior, crystal, derivative, sample, certificate
                )
                part = _dataset(row, posterior, crystal, minimum.coordinates, sample)
                if certificate:
                    part = certificate.complete(part, sample)
                tests = [test.n_evaluations - before]
                part["stability_evaluations"] = variable(
                    "sample", tests, "1", "evaluations to tell saddle points"
                )
                if checkpoints and is_first():
                    checkpoints.write(sample, part)
                report(_outline(sample, row))
            parts.append(part)
    modes = mode_displacements(minimum.coordinates)
    truth = join_samples(parts).assign_coords(mode_displacements=modes)
    return truth.assign_attrs(relaxer=relaxer, tolerance=TOLERANCE, n_atoms=len(minimum.atoms))


def join_samples(parts):
    """One Dataset over (sample, lambda) of several."""
    return xr.concat(parts, dim="sample", combine_attrs="drop_conflicts", data_vars="minimal")


def join_chunks(chunks):
    """One Dataset of several of `relax_variants`; their modes, the same in all, are held once.

    chunks: Datasets, best an iterator that reads each when its turn comes: the modes of a large
    cell take more memory than all that a chunk holds beside them.
    """
    parts = []
    for chunk in chunks:
        modes = chunk["mode_displacements"].variable
        parts.append(chunk.drop_vars("mode_displacements"))
    return join_samples(parts).assign_coords(mode_displacements=modes)


def _outline(sample, row):
    """A line on the Outcomes of one sample."""
    done = [outcome.status for outcome in row]
    predicted = f"{done.count('predicted')} predicted, " if "predicted" in done else ""
    return (
        f"sample {sample}: {predicted}{done.count('converged')} of "
        f"{len(done) - done.count('bulk_unstable')} variants relaxed, "
        f"{sum(outcome.evaluations for outcome in row)} evaluations"
    )


def _relax_sample(engine, test, posterior, crystal, derivative, sample, certificate=None):
    """One sample: both branches outwards from lambda = 0. Returns Outcomes over lambda, a list."""
    lambdas = crystal["lambda"].values
    stable = crystal["status"].values[sample] == "stable"
    zero = int(np.argmin(np.abs(lambdas)))
    delta = deviations(posterior)[0][sample]
    mean = posterior["theta_mean"].values
    tangent = engine.coordinates.tangent(derivative, delta)
    outcomes = [Outcome("bulk_unstable") for _ in lambdas]
    behind = []
    for outward in (range(zero, len(lambdas)), range(zero - 1, -1, -1)):
        within = list(itertools.takewhile(lambda index: stable[index], outward))
        branch = Branch(engine, test, lambda at: np.append(mean + at * delta, 1.0), tangent, behind)
        accept = certificate.acceptance(engine, sample, within) if certificate else _relax_all
        walked = branch.walk(lambdas[within].tolist(), accept)
        for index, outcome in zip(within, walked, strict=True):
            outcomes[index] = outcome
        behind = branch.minima[HISTORY - 1 : 0 : -1]
    return outcomes


def _relax_all(branch, place):
    """Nothing is accepted unrelaxed."""


def _dataset(row, posterior, crystal, coordinates, sample):
    """A Dataset of one sample, from its Outcomes."""
    over = ("sample", "lambda")
    lambdas = crystal["lambda"].values
    here = crystal.isel(sample=[sample])
    nowhere = np.full(coordinates.size, np.nan)
    collected = {
        name: np.array([[getattr(outcome, name) for outcome in row]])
        for name in ("status", "message", "energy", "gradient", "evaluations")
    }
    q = np.array([[nowhere if outcome.q is None else outcome.q for outcome in row]])
    status = collected["status"]
    composition = coordinates.reference.symbols.formula.count()
    energy = collected["energy"] + variant_shifts(posterior, lambdas, composition)[[sample]]
    volume = np.where(np.isnan(energy), np.nan, coordinates.volume(q))
    formation_energy, formation_volume = compared_with(here, composition).formation(
        energy, volume, here["energy"].values, here["volume"].values
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
            (*over, "mode"), q, "Angstrom", "mode amplitudes and, last, strains, from the reference"
        ),
        "max_gradient": variable(
            over, collected["gradient"], "eV/Angstrom", "largest gradient component left"
        ),
        "evaluations": variable(
            over, collected["evaluations"], "1", "evaluations of descriptors or LAMMPS forces"
        ),
    }
    return xr.Dataset(variables, {"sample": [sample], "lambda": lambdas})
