"""The whole fit: a method applied to a FitProblem, and what it found as a Dataset."""

import numpy as np
import xarray as xr

from relaxdiff.files import variable
from relaxdiff.fit.direct import direct
from relaxdiff.fit.published import published
from relaxdiff.fit.relaxed import CLOSE, relaxed


def _direct_and_polished(problem, settings, report):
    """`direct`; a solution whose forces were balanced in least squares only is polished."""
    steps = direct(problem, settings, report)
    if steps[-1].largest_deviation > CLOSE:
        return relaxed(problem, settings, report, steps)
    return steps


METHODS = {"direct": _direct_and_polished, "relaxed": relaxed, "published": published}


def fit_parameters(problem, settings, report=lambda line: None):
    """Fit a FitProblem by `settings["method"]`, a Dataset over `step`, `atom` and `parameter`.

    settings: `fit` of the config; report: called with a line of text for each step. Raises
    RelaxationError if there is no solution, EvaluationError where the structure collapses.
    """
    steps = METHODS[settings["method"]](problem, settings, report)
    target = settings["targets"][0]
    dataset = _dataset(problem, steps)
    return dataset.assign_attrs(
        method=settings["method"],
        structure=target["structure"],
        like=target["like"] or target["file"],
        element=", ".join(problem.potential.free_elements),
        alchemical_of=problem.host or "",
        potential=problem.potential.name,
        status=_status(steps[-1], settings),
    )


def _status(last, settings):
    """What became of a fit, a sentence; whether its end is a minimum, the verdict shows."""
    return (
        f"{settings['method']}: within {last.largest_deviation:.4f} Angstrom of the target, free "
        f"parameters changed by {last.relative_change:.2%}, forces up to {last.max_force:.1e} "
        "eV/Angstrom"
    )


def _dataset(problem, steps):
    atoms, coordinates = problem.coordinates.reference, problem.coordinates
    along = ("step", "atom", "xyz")
    columns = {
        "loss": ("Angstrom^2", "half the sum of squared deviations from the target"),
        "largest_deviation": ("Angstrom", "largest deviation of an atom from the target"),
        "max_force": ("eV/Angstrom", "largest component of a force on a free atom"),
        "lowest_curvature": ("1", "lowest curvature, relative to the crystal's; as predicted"),
        "relative_change": ("1", "change of the free parameters, relative to their norm"),
        "evaluations": ("1", "evaluations of the whole structure so far"),
    }
    found = {
        name: variable("step", [getattr(step, name) for step in steps], unit, meaning)
        for name, (unit, meaning) in columns.items()
    }
    positions = [coordinates.structure(step.q).positions for step in steps]
    found |= {
        "positions": variable(along, positions, "Angstrom", "the structure after each step"),
        "target": variable(("atom", "xyz"), atoms.positions, "Angstrom", "where atoms are to be"),
        "theta": variable(
            ("step", "parameter"), [step.theta for step in steps], "eV", "free parameters"
        ),
        "atomic_numbers": variable("atom", atoms.numbers, "1", "atomic numbers; 0 is X"),
        "cell": variable(("vector", "xyz"), atoms.cell.array, "Angstrom", "cell vectors, rows"),
        "fixed": variable(
            ("atom", "xyz"),
            coordinates.held.astype(int),
            "1",
            "1 for a component of an atom's position that is held, else 0",
        ),
        "in_region": variable(
            "atom", problem.region.astype(int), "1", "1 for an atom that counts in the loss"
        ),
        "theta_whole": variable(
            ("step", "coefficient"),
            [problem.potential.with_theta(step.theta).whole.theta for step in steps],
            "eV",
            "all coefficients of the potential, beta_0 apart",
        ),
    }
    if "crystal_positions" in atoms.arrays:
        found["crystal_positions"] = variable(
            ("atom", "xyz"),
            atoms.arrays["crystal_positions"],
            "Angstrom",
            "where each atom is in the perfect crystal",
        )
    names = {
        "parameter": list(problem.potential.parameters.names),
        "coefficient": list(problem.potential.whole.parameters.names),
        "xyz": ["x", "y", "z"],
        "step": np.arange(len(steps)),
    }
    return xr.Dataset(found, coords=names)
