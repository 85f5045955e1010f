"""A study whose errors are known in closed form: polynomials in lambda, two modes, two parameters.

Truth: E_f = 3 + b L + c L^2 + d L^3, V_f = 11 + e L + f L^2 (L: lambda, one set of b ... f for each
sample); coordinates q = (dq*/dtheta . delta) L + g L^2. Each level predicts what its order allows:
newton a part of d and f, evaluated levels all but (at most) z L^5 / 250 in E_f, estimated twice as
large, and z L^3 in V_f and coordinates. With a fixed cell there is no strain: V_f = 11, and the
levels h and ih are c and h+ih.
"""

import numpy as np
import xarray as xr

from relaxdiff.derivative.levels import DERIVATIVE_LEVELS, level_derivatives
from relaxdiff.files.datasets import variable
from relaxdiff.predictions.evaluated import EVALUATED_LEVELS

N_ATOMS = 3
COEFFICIENTS = ("b", "c", "d", "e", "f", "z")
PREDICTED_LEVELS = (*DERIVATIVE_LEVELS, "newton")
MISSED = {"h+ih@x": 1.0, "newton@x": 0.5}  # of that


def make_study(lambdas=(-4, -2, -1, -0.5, 0, 0.5, 1, 2, 4), n_samples=5, seed=3, relaxes=True):
    """The study's Datasets by name, a dict, and the arrays behind them, another.

    relaxes: whether the cell does, isotropically.
    """
    random = np.random.default_rng(seed)
    lambdas = np.array(lambdas, dtype=float)
    made = {name: random.uniform(0.01, 0.1, (n_samples, 1)) for name in COEFFICIENTS}
    made["g"] = random.uniform(0.001, 0.002, (n_samples, 3))[:, : 2 + relaxes]
    made["hessian"], made["columns"], derivative, modes = _derivative(random, int(relaxes))
    delta = random.uniform(0.1, 0.2, (n_samples, 2))
    full = level_derivatives(made["hessian"], made["columns"], strains=int(relaxes))[-1]
    coords = {"sample": np.arange(n_samples), "lambda": lambdas}
    over = ("sample", "lambda")
    energy, volume = _polynomials(made, lambdas) if relaxes else _fixed(made, lambdas)
    linear, square = lambdas[:, None], lambdas[:, None] ** 2
    q = (delta @ full.T)[:, None] * linear + made["g"][:, None] * square
    truth = xr.Dataset(
        {
            "status": _status(over, energy["truth"].shape, "converged", TRUTH_STATUS),
            "formation_energy": variable(over, energy["truth"], "eV", "formation energy"),
            "formation_volume": variable(over, volume["truth"], "Angstrom^3", "formation volume"),
            "coordinates": variable((*over, "mode"), q, "Angstrom", "coordinates"),
            "evaluations": variable(over, np.full(energy["truth"].shape, 2), "1", "evaluations"),
            "stability_evaluations": variable(
                "sample", np.full(len(energy["truth"]), 4), "1", "evaluations of all atoms"
            ),
        },
        coords | {"mode_displacements": (("displacement_mode", "atom", "xyz"), modes)},
    )
    estimates = _estimates(made, energy, lambdas)
    predictions = _predictions(PREDICTED_LEVELS, energy, volume, estimates, coords)
    evaluations = _predictions(EVALUATED_LEVELS, energy, volume, estimates, coords)
    for each in (truth, predictions, evaluations):
        each["energy"] = each["formation_energy"] + CRYSTAL_ENERGY
    missed = made["z"][:, :, None] * lambdas[:, None] ** 3
    places = np.array([q + MISSED[level] * missed for level in EVALUATED_LEVELS])
    evaluations["coordinates"] = variable(("level", *over, "mode"), places, "Angstrom", "places")
    evaluations["evaluations"] = variable("sample", np.full(n_samples, 18), "1", "evaluations")
    posterior = xr.Dataset(
        {
            "theta_mean": derivative["theta_mean"].variable,
            "theta": variable(
                over[:1] + ("parameter",), derivative["theta_mean"].values + delta, "eV", "samples"
            ),
            "energy_shift": variable("sample", np.zeros(n_samples), "eV", "shifts"),
            "energy_shift_mean": variable((), 0.0, "eV", "mean shift"),
        },
        coords={"parameter": [f"beta_{i + 1}" for i in range(delta.shape[1])]},
        attrs={"element": "W"},
    )
    crystal = xr.Dataset(
        {"status": _status(over, energy["truth"].shape, "stable", CRYSTAL_STATUS)}, coords
    )
    reference = xr.Dataset(
        {
            "positions": (("atom", "xyz"), [[0.0, 0.0, 0.0], [3.0, 0.0, 1.0], [0.0, 2.5, 2.0]]),
            "cell": (("vector", "xyz"), 6 * np.eye(3)),
            "atomic_numbers": ("atom", [74, 74, 74]),
        }
    )
    return {
        "posterior": posterior,
        "reference": reference,
        "crystal": crystal,
        "derivative": derivative,
        "predictions": predictions,
        "evaluations": evaluations,
        "truth": truth,
        "draws": _draws(random, relaxes),
    }, made


def _draws(random, relaxes, n_draws=2000):
    """A Dataset as of `predict_draws`, of normal numbers around those of the mean."""
    numbers = random.normal(size=(2, n_draws))
    values = {"formation_energy": 3 + 0.1 * numbers[0], "formation_volume": 11 + numbers[1]}
    names = ["formation_energy", "formation_volume"][: 1 + relaxes]
    units = {"formation_energy": "eV", "formation_volume": "Angstrom^3"}
    return xr.Dataset(
        {
            name: variable(("level", "draw"), [values[name]] * 2, units[name], "drawn")
            for name in names
        }
        | {
            "limited": variable("draw", np.arange(n_draws) < 3, "1", "limited"),
            "predicted": variable("level", [n_draws, n_draws], "1", "draws"),
            "standard_deviation_linear": variable(
                "quantity", [0.1, 1.0][: len(names)], "unit", "to first order"
            ),
            "variance_share": variable(
                ("quantity", "direction"), [[0.25, 0.75], [0.6, 0.4]][: len(names)], "1", "share"
            ),
        },
        coords={"level": ["h+ih", "newton"], "quantity": names},
        attrs={"drawn_from": "distribution", "seed": 1},
    )


CRYSTAL_ENERGY = -26.7  # eV, of as many atoms of crystal as the cell has
TRUTH_STATUS = "converged not_converged left_basin lammps_error bulk_unstable"
CRYSTAL_STATUS = "stable no_minimum elastically_unstable vibrationally_unstable cut"


def lose(study, sample, places, crystal_status=None):
    """Variants of one sample at the places along lambda lose crystal or convergence."""
    status = "not_converged"
    if crystal_status is not None:
        status = "bulk_unstable"
        study["crystal"]["status"][sample, places] = crystal_status
        for name in ("formation_energy", "formation_volume", "error_estimate"):
            study["predictions"][name][:, sample, places] = np.nan
            study["evaluations"][name][:, sample, places] = np.nan
    study["truth"]["status"][sample, places] = status
    # Finite on purpose: the status alone must keep a variant out.
    study["truth"]["formation_energy"][sample, places] = 1e6


def _status(dims, shape, value, meanings):
    values = np.full(shape, value, dtype="<U22")
    return variable(dims, values, "1", "outcome", meanings=meanings)


def _polynomials(made, lambdas):
    """E_f and V_f of each level and of truth, dicts of arrays (sample, lambda)."""
    b, c, d, e, f, z = (made[name] for name in COEFFICIENTS)
    energy = {"c": 3 + b * lambdas}
    energy["h"] = energy["c"] + 0.25 * c * lambdas**2
    energy["ih"] = energy["c"] + 0.5 * c * lambdas**2
    energy["h+ih"] = energy["c"] + c * lambdas**2
    energy["newton"] = energy["h+ih"] + 0.75 * d * lambdas**3
    energy["truth"] = energy["h+ih"] + d * lambdas**3
    volume = {"c": 11 + 0 * b * lambdas}
    volume["ih"] = volume["c"]
    volume["h"] = 11 + 0.5 * e * lambdas
    volume["h+ih"] = 11 + e * lambdas
    volume["newton"] = volume["h+ih"] + 0.75 * f * lambdas**2
    volume["truth"] = volume["h+ih"] + f * lambdas**2
    for level, part in MISSED.items():
        energy[level] = energy["truth"] + part * z * lambdas**5 / 250
        volume[level] = volume["truth"] + part * z * lambdas**3
    return energy, volume


def _fixed(made, lambdas):
    """The same in a cell that does not relax."""
    energy, _ = _polynomials(made, lambdas)
    energy |= {"h": energy["c"], "ih": energy["h+ih"]}
    return energy, dict.fromkeys(energy, np.full_like(energy["c"], 11.0))


def _estimates(made, energy, lambdas):
    """Error estimates of each level, a dict of arrays (sample, lambda)."""
    estimates = {level: np.abs(energy["newton"] - energy[level]) for level in DERIVATIVE_LEVELS}
    estimates["newton"] = estimates["h+ih"]
    return estimates | {level: made["z"] * np.abs(lambdas) ** 5 / 125 for level in MISSED}


def _predictions(levels, energy, volume, estimates, coords):
    """A Dataset of some levels."""
    energy, volume, estimates = (
        np.array([values[level] for level in levels]) for values in (energy, volume, estimates)
    )
    over = ("level", "sample", "lambda")
    return xr.Dataset(
        {
            "formation_energy": variable(over, energy, "eV", "formation energy"),
            "volume": variable(over, 48 + volume, "Angstrom^3", "volume of the cell"),
            "formation_volume": variable(over, volume, "Angstrom^3", "volume"),
            "error_estimate": variable(over, estimates, "eV", "estimated |error|"),
        },
        coords | {"level": list(levels)},
    )


def _derivative(random, strains):
    """Hessian (n, n), columns G (n, 2), the derivative Dataset that goes with them, and modes.

    strains: how many of the coordinates beside two modes, 0 or 1.
    """
    size = 2 + strains
    tensor = random.normal(size=(3, 3, 3))
    tensor = tensor + tensor.transpose(1, 0, 2)
    theta = random.normal(size=2)
    # A minimum, whatever the random part, with atoms and strain coupled.
    tensor[..., 2] += 60 * np.eye(3) - 25 * (1 - np.eye(3))
    tensor = tensor[:size, :size]
    hessian = tensor @ np.append(theta, 1.0)
    columns = random.normal(size=(3, 2))[:size]
    modes = np.linalg.qr(random.normal(size=(3 * N_ATOMS, 2)))[0].T.reshape(2, N_ATOMS, 3)
    derivatives = level_derivatives(hessian, columns, strains)
    positions = np.einsum("max,mp->pax", modes, derivatives[-1, :2])
    coupling = -np.linalg.solve(hessian[:2, :2], hessian[:2, 2:])
    names = ["beta_1", "beta_2"]
    return (
        hessian,
        columns,
        xr.Dataset(
            {
                "theta_mean": variable("parameter", theta, "eV", "mean"),
                "hessian_tensor": variable(
                    ("coordinate", "coordinate_2", "column"),
                    tensor,
                    "1/Angstrom^2",
                    "second derivatives",
                ),
                "mode_displacements": variable(
                    ("displacement_mode", "atom", "xyz"), modes, "1", "modes"
                ),
                "strain_coupling": variable(
                    ("strain", "atom", "xyz"),
                    np.einsum("max,mk->kax", modes, coupling),
                    "Angstrom",
                    "coupling",
                ),
                "position_derivative": variable(
                    ("parameter", "atom", "xyz"), positions, "Angstrom per eV", "positions"
                ),
                "strain_basis": variable(
                    ("strain", "xyz", "xyz_2"), np.eye(3)[None][:strains], "1", "matrices"
                ),
                "strain_derivative": variable(
                    ("parameter", "strain"), derivatives[-1, 2:].T, "1/eV", "strain"
                ),
                "level_strain_derivative": variable(
                    ("level", "parameter", "strain"),
                    derivatives[:, 2:].swapaxes(1, 2),
                    "1/eV",
                    "strain",
                ),
            },
            coords={"parameter": names, "level": list(DERIVATIVE_LEVELS)},
            attrs={"n_atoms": N_ATOMS, "evaluations": 13},
        ),
        modes,
    )
