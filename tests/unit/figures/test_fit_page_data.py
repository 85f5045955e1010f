"""The numbers in the page of a fit."""

import numpy as np
import pytest
from fit_results import dislocation_fit, point_defect_fit

from relaxdiff.figures.fit_page_data import page_frames
from relaxdiff.figures.fit_views import atoms_in_order, deviations, view_of

REACH = 7.0


@pytest.mark.parametrize("results", [dislocation_fit, point_defect_fit])
def test_frames_hold_every_structure(results):
    fit, verdict = results(minimum=False)
    view = view_of(fit, REACH)
    frames = page_frames(fit, verdict, view)
    steps = [f"Step {step}" for step in fit["step"].values]
    assert [each["title"] for each in frames] == [
        *steps,
        "The result, relaxed by LAMMPS",
        "The target",
    ]
    structures = [
        *fit["positions"].values,
        verdict["relaxed_positions"].values[0],
        fit["target"].values,
    ]
    shown = atoms_in_order(fit, view)
    for frame, positions in zip(frames, structures, strict=True):
        found, off = frame["atoms"], deviations(fit, positions)[shown]
        moved = np.column_stack([found[name] for name in ("dx", "dy", "dz")])
        assert moved == pytest.approx(off, abs=1e-4)
        assert found["far"] == pytest.approx(np.linalg.norm(off, axis=1), abs=1e-4)
        places = np.column_stack([found["x"], found["y"]])
        assert places == pytest.approx(view.picture(positions).places[shown], abs=1e-4)
        assert len({len(column) for column in frame["arrows"].values()}) == 1
        assert len(frame["core"]["x"]) == view.has_core


def test_arrows_end_where_those_of_the_figure_end():
    fit, verdict = dislocation_fit()
    view = view_of(fit, REACH)
    picture = view.picture(fit["positions"].values[0])
    found = page_frames(fit, verdict, view)[0]["arrows"]
    tips = np.column_stack([found["to_x"], found["to_y"]])
    every = picture.tails + picture.steps
    nearest = np.abs(tips[:, None] - every).max(axis=2).min(axis=1)
    assert nearest.max() < 0.01
    assert 0 < len(tips) < len(every)  # the shortest are left out
    upwards = np.array(found["angle"]) + np.pi / 2
    assert np.cos(upwards) == pytest.approx(
        (tips[:, 0] - found["x"]) / np.hypot(tips[:, 0] - found["x"], tips[:, 1] - found["y"]),
        abs=0.15,
    )


def test_numbers_are_those_that_there_are():
    fit, verdict = point_defect_fit()
    frames = page_frames(fit, verdict, view_of(fit, REACH))
    first, second, relaxed = (dict(frames[place]["numbers"]) for place in (0, 1, -2))
    assert first["lowest curvature"] == "0.3"
    assert "lowest curvature" not in second  # not computed there
    assert second["change of Θ (%)"] == "2"
    assert set(relaxed) == {"largest deviation (Å)", "largest force (eV/Å)"}
    assert frames[-1]["numbers"] == []
