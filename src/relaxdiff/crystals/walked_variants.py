"""Walks over the variants of a study, and the Datasets of their results.

A variant is relaxed only if its crystal is stable; its formation energy is relative to that
crystal. Both the truth and adaptive predictions use these walks.
"""

import numpy as np
import xarray as xr

from relaxdiff.crystals.formation_energy import compared_with
from relaxdiff.files import variable
from relaxdiff.minima import Line, mode_displacements, walk_line
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


class VariantWalks:
    """Walks along the samples of a study, for `walked`.

    reference: Reference; variants: Variants; crystal: Dataset of `crystal_of_variants`; engine: a
    relaxer; test: a StabilityTest.
    """

    def __init__(self, reference, variants, crystal, engine, test):
        self.reference, self.variants, self.crystal = reference, variants, crystal
        self.engine, self.test = engine, test

    def outcomes(self, sample, certifier_of=None):
        """Outcomes over lambda of one sample, a list; certifier_of: as for `walk_line`."""
        line = Line(
            theta_at=lambda stretch: self.variants.theta_at(sample, stretch),
            tangent=self.reference.tangent(self.variants.delta[sample]),
            lambdas=self.variants.lambdas,
            kept=self.crystal["status"].values[sample] == "stable",
        )
        return walk_line(self.engine, line, self.test, certifier_of)

    def sample(self, sample):
        """Outcomes and Dataset of one sample."""
        row = self.outcomes(sample)
        return row, self.dataset(sample, row)

    def dataset(self, sample, row):
        """A Dataset of one sample from its Outcomes; NaN where there is no minimum."""
        coordinates, here = self.reference.minimum.coordinates, self.crystal.isel(sample=[sample])
        nowhere = np.full(coordinates.size, np.nan)
        collected = {
            name: np.array([[getattr(outcome, name) for outcome in row]])
            for name in ("status", "message", "energy", "gradient", "evaluations")
        }
        q = np.array([[nowhere if outcome.q is None else outcome.q for outcome in row]])
        composition = coordinates.reference.symbols.formula.count()
        energy = collected["energy"] + self.variants.shifts(composition)[[sample]]
        volume = np.where(np.isnan(energy), np.nan, coordinates.volume(q))
        formation = compared_with(here, composition).formation(
            energy, volume, here["energy"].values, here["volume"].values
        )
        coords = {"sample": [sample], "lambda": self.variants.lambdas}
        return xr.Dataset(_variables(collected, q, energy, volume, *formation), coords)


def walked(walks, samples, report, checkpoints=None):
    """The Datasets of some samples, joined, with `status`, energies, volumes and coordinates.

    walks: VariantWalks; samples: indices into the posterior's samples; report: called with a line
    of text after each sample, and found=True for one that `checkpoints` had; checkpoints:
    Checkpoints that keep finished samples, if wanted.
    """
    parts = []
    for sample in samples:
        part = of_first(lambda at=sample: checkpoints.read(at)) if checkpoints else None
        if part is not None:
            report(f"sample {sample}: {FOUND_AGAIN}", found=True)
        else:
            before = walks.test.n_evaluations
            row, part = walks.sample(sample)
            tests = [walks.test.n_evaluations - before]
            part["stability_evaluations"] = variable(
                "sample", tests, "1", "evaluations to tell saddle points"
            )
            if checkpoints and is_first():
                checkpoints.write(sample, part)
            report(_outline(sample, row))
        parts.append(part)
    modes = mode_displacements(walks.reference.minimum.coordinates)
    return join_samples(parts).assign_coords(mode_displacements=modes)


def join_samples(parts):
    """Several Datasets joined into one over (sample, lambda)."""
    return xr.concat(parts, dim="sample", combine_attrs="drop_conflicts", data_vars="minimal")


def join_chunks(chunks):
    """Several Datasets of `walked` joined into one; their modes, the same in all, are kept once.

    chunks: Datasets, best an iterator that reads one at a time: the modes of a large cell take more
    memory than the rest of a chunk.
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


def _variables(collected, q, energy, volume, formation_energy, formation_volume):
    """The variables of one sample's Dataset, arrays (1, lambda, ...)."""
    over = ("sample", "lambda")
    status = collected["status"].astype(str)
    return {
        "status": variable(
            over, status, "1", "outcome of the relaxation", meanings=" ".join(STATUS)
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
