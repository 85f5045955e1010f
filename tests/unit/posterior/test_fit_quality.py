"""A fit that explains nothing, units that contradict each other, weights of nothing: all told."""

import numpy as np
import pytest
from fits import POPS, WEIGHTS, designs

from relaxdiff.posterior.fit_quality import fit_warnings
from relaxdiff.posterior.pops import fit_posterior
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, GPA


def fit_of(changed, weights=WEIGHTS, held_out=0.25):
    return fit_posterior(changed, weights, held_out, seed=5, pops=POPS)


def scaled(quantity, factor, groups=("first", "second")):
    """The made-up designs with one quantity of DFT in another unit."""
    changed = designs()
    for design in changed:
        if design.attrs["group"] in groups:
            design[f"{quantity}_target"] = factor * design[f"{quantity}_target"]
    return changed


def test_a_good_fit_has_no_warnings(fit):
    assert fit_warnings(fit) == []
    assert (fit["fitted_rmse"] < 0.3 * fit["fitted_spread"]).all()
    factors = fit["factor"].sel(quantity=["energy", "stress"])
    np.testing.assert_allclose(factors, 1, atol=0.1)


def test_spread_and_error_are_those_of_the_fitted_rows():
    from relaxdiff.posterior.design import held_out

    weights = WEIGHTS | {"second": WEIGHTS["second"] | {"energy": 5.0, "stress": 0.0}}
    fit = fit_of(designs(), weights)
    parts, squares = [], []
    for design in designs():
        kept = ~held_out(design, 0.25, 5)
        block, target = design["energy_design"].values[kept], design["energy_target"].values[kept]
        coefficients = np.append(fit["energy_shift_mean"], fit["theta_mean"])
        weight = weights[design.attrs["group"]]["energy"]
        parts.append(
            (target, np.full(len(target), weight**2), (target - block @ coefficients) ** 2)
        )
    target, squares, errors = map(np.concatenate, zip(*parts, strict=True))
    mean = np.average(target, weights=squares)
    of = fit.sel(quantity="energy")
    assert float(of["fitted_rmse"]) == pytest.approx(np.average(errors, weights=squares) ** 0.5)
    spread = np.average((target - mean) ** 2, weights=squares) ** 0.5
    assert float(of["fitted_spread"]) == pytest.approx(spread)
    assert np.isnan(fit["group_spread"].sel(group="second", quantity="stress"))


# Quantity, factor, what the sentence says.
FACTORS = {
    "GPa": ("stress", GPA, "GPa is taken for eV/Angstrom^3"),
    "eV/A^3 in FitSNAP JSON": (
        "stress",
        1 / BAR_PER_EV_PER_CUBIC_ANGSTROM,
        "eV/Angstrom^3 is taken for bar",
    ),
    "kbar in FitSNAP JSON": ("stress", 1e-3, "kbar is taken for bar"),
    "sign": ("stress", -1.0, "the sign is the opposite one"),
    "sign and unit": ("stress", -GPA, "GPa is taken for eV/Angstrom^3 and the sign is the opposi"),
    "no unit": ("stress", 20.0, "one of them is in another unit"),
    "Hartree": ("energy", 1 / 27.2114, "energies are in Hartree"),
    "kJ/mol": ("energy", 96.485, "energies are in kJ/mol"),
    "Hartree/bohr": ("force", 1 / 51.422, "forces are in Hartree/bohr"),
}


@pytest.mark.parametrize("case", FACTORS)
def test_units_that_contradict_each_other(case):
    quantity, factor, words = FACTORS[case]
    told = [line for line in fit_warnings(fit_of(scaled(quantity, factor))) if "times what" in line]
    assert len(told) == 1
    assert words in told[0]


def test_units_of_one_group():
    (told,) = [
        line
        for line in fit_warnings(fit_of(scaled("energy", 1 / 27.2, ["second"]), held_out=0.0))
        if "times what" in line
    ]
    assert told.startswith("The energies of the group second are 0.03")
    assert told.endswith("it looks as if energies are in Hartree")


def test_a_fit_that_explains_nothing():
    """Stresses a thousand times too large: neither they nor the energies can be fitted."""
    told = fit_warnings(fit_of(scaled("stress", 1000.0)))
    for many, units in (("energies", "eV/atom"), ("stresses", "bar")):
        start = f"The fit explains nothing of the {many}: their root mean square error is "
        (line,) = [line for line in told if line.startswith(start)]
        assert line.count(units) == 2


def test_noise_cannot_be_explained():
    noisy = designs()
    rng = np.random.default_rng(0)
    for design in noisy:
        shuffled = rng.permutation(design["force_target"].values)
        design["force_target"] = ("force_row", shuffled, design["force_target"].attrs)
    told = fit_warnings(fit_of(noisy, held_out=0.0))
    assert any("nothing of the forces" in line for line in told)


def test_one_bad_group_among_good_ones():
    bad = designs()
    bad[1]["energy_target"] = bad[1]["energy_target"] + 1000.0
    told = fit_warnings(fit_of(bad, WEIGHTS | {"second": WEIGHTS["second"] | {"energy": 1e-3}}))
    assert any("nothing of the energies" in line and "second" in line for line in told)


def test_weights_of_what_is_not_there():
    weights = {group: dict.fromkeys(("energy", "force", "stress"), 1.0) for group in WEIGHTS}
    (told,) = fit_warnings(fit_of(designs(), weights))
    assert told == (
        "stress_weight is above 0 for the group second, where no frame has stresses: it has no "
        "effect"
    )


def test_skipped_frames_are_told():
    some = designs()
    some[0].attrs["skipped"] = 5
    (told,) = fit_warnings(fit_of(some))
    assert told == (
        "5 of 25 frames of the group first are skipped, for they are not periodic in x, y and z"
    )


def test_forces_that_vanish_by_symmetry_are_no_bad_fit():
    """Of perfect crystals alone: round-off on both sides."""
    still = designs()
    for design in still:
        noise = 1e-12 * np.random.default_rng(0).normal(size=design["force_design"].shape)
        design["force_design"] = (("force_row", "column"), noise, design["force_design"].attrs)
        design["force_target"] = 1e-5 * design["force_target"]
    assert not any("forces" in line for line in fit_warnings(fit_of(still)))


def test_a_posterior_of_a_table_has_none(alloy_posterior):
    assert fit_warnings(alloy_posterior[0]) == []


def test_a_pressure_that_motion_at_one_volume_does_not_tell():
    """Stresses off by a constant pressure are in no other unit."""
    pressed = designs()
    for design in pressed:
        normal = np.arange(design.sizes["stress_row"]) % 6 < 3
        design["stress_target"] = design["stress_target"] - 30.0 * normal
    assert not any("times what" in line for line in fit_warnings(fit_of(pressed)))
