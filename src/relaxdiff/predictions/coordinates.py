"""Predicted coordinates of all variants, to compare with relaxed ones."""

import numpy as np

from relaxdiff.derivative import H_IH, IH, NEWTON
from relaxdiff.predictions.newton import newton_of_defect


def predicted_coordinates(predictions, derivative, modes, delta, lambdas):
    """q (sample, lambda, mode) at each level that the derivative knows, a dict.

    predictions: Dataset of `predict_variants`; modes: as for `coordinate_derivatives`; delta:
    (sample, parameter).
    """
    responses = coordinate_derivatives(derivative, modes) @ delta.T
    lines = responses.transpose(0, 2, 1)[:, :, None, :] * lambdas[:, None]
    places = dict(zip(map(str, derivative["level"].values), lines, strict=True))
    if "newton_coordinates" in predictions:
        places[NEWTON.name] = predictions["newton_coordinates"].values
    elif (newton := newton_of_defect(derivative)) is not None:
        places[NEWTON.name] = np.array([newton.steps(sample, lambdas)[0] for sample in delta])
    return places


def coordinate_derivatives(derivative, modes):
    """dq*/dtheta at each level in the file, shape (level, mode, parameter), the strains last.

    derivative: Dataset of `implicit_derivative`; modes: the reference's orthonormal displacement
    modes, (mode, atom, xyz). The derivative holds positions at h+ih only; those at fixed cell (ih)
    lack what the strains move.
    """
    atoms = np.einsum("max,pax->mp", modes, derivative["position_derivative"].values)
    coupling = np.einsum("max,kax->mk", modes, derivative["strain_coupling"].values)
    strains = derivative["strain_derivative"].values.T
    moved = {H_IH.name: atoms, IH.name: atoms - coupling @ strains}
    return np.array(
        [
            np.vstack([moved.get(level, np.zeros_like(atoms)), strained.T])
            for level, strained in zip(
                derivative["level"].values,
                derivative["level_strain_derivative"].values,
                strict=True,
            )
        ]
    )
