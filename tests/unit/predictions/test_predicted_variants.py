"""Predictions of all variants, and the estimates of their errors."""

import numpy as np

from relaxdiff import predict_variants


def test_estimates_are_distances_to_the_best_level(predictions):
    energy, estimate = predictions["formation_energy"], predictions["error_estimate"]
    apart = np.abs(energy - energy.sel(level="newton"))
    for level in ("c", "h", "ih", "h+ih"):
        assert (
            (estimate.sel(level=level) >= apart.sel(level=level) - 1e-12)
            .where(apart.sel(level=level).notnull(), True)
            .all()
        )
    # What cancels between modes is added, to all levels alike, and is less than the distances.
    near = {"lambda": [-1, 1]}
    added = (estimate - apart).sel(near)[:4]
    np.testing.assert_allclose(added, np.broadcast_to(added[:1], added.shape), atol=1e-12)
    assert added.max() < apart.sel(near)[0].max()
    np.testing.assert_array_equal(estimate.sel(level="newton"), estimate.sel(level="h+ih"))
    assert estimate.sel({"lambda": 0}).max() == 0
    outwards = estimate.sel({"lambda": slice(0, 4)}).values
    assert (np.diff(outwards)[np.isfinite(np.diff(outwards))] >= 0).all()


def test_without_second_derivatives_there_is_no_newton(posterior, study, predictions):
    crystal, _, derivative = study
    found = predict_variants(posterior, crystal, derivative.drop_vars("hessian_tensor"))
    assert list(found["level"].values) == ["c", "h", "ih", "h+ih"]
    np.testing.assert_array_equal(
        found["formation_energy"], predictions["formation_energy"].sel(level=found["level"])
    )
    assert found["error_estimate"].sel(level="h+ih").isnull().all()
    assert found["error_estimate"].sel(level="c").notnull().any()
