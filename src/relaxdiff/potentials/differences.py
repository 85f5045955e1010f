"""Second derivatives by finite differences of exact gradients."""

import numpy as np

# Angstrom, of finite differences; far shorter than from the ends of a panel, where K jumps, to the
# nearest point that is interpolated.
STEP = 3e-5


def second_derivatives(evaluator, at):
    """K of all columns at coordinates `at` of `distortions`, (n, n, P + 1), per primitive cell."""
    rows = []
    for step in np.diag(STEP / evaluator.coordinates.scale):
        change = evaluator.gradient(at + step) - evaluator.gradient(at - step)
        rows.append(change / (2 * step.max()))
    tensor = np.array(rows)
    return (tensor + tensor.transpose(1, 0, 2)) / 2


# Angstrom; atoms are displaced by as much and twice as much for differences. The error of the
# four-point formula (step^4) and the rounding of gradients (1 / step) leave the derivative good to
# 1e-9.
DIFFERENCE_STEP = 5e-4


def hessian_tensor(evaluator):
    """H_l = d2 D_l / dq2 at q = 0 by central differences of gradients, symmetrised.

    Four points along each coordinate: [8 g(h) - 8 g(-h) - g(2h) + g(-2h)] / 12h
    (Fornberg, Math. Comp. 51, 699 (1988), table 1). Returns shape (n, n, P + 1), the fixed
    reference last; 4 n evaluations.
    """
    steps = difference_steps(evaluator.coordinates)
    rows = [hessian_row(evaluator, index, step) for index, step in enumerate(steps)]
    tensor = np.array(rows)
    return (tensor + tensor.transpose(1, 0, 2)) / 2


def hessian_row(evaluator, index, step):
    """d2 D / dq dq_index at q = 0, shape (n, P + 1); 4 evaluations."""
    direction = np.zeros(evaluator.coordinates.size)
    direction[index] = 1
    near, far = (
        evaluator.gradient(length * direction) - evaluator.gradient(-length * direction)
        for length in (step, 2 * step)
    )
    return (8 * near - far) / (12 * step)


def difference_steps(coordinates):
    """One step for each coordinate, such that the atom that moves most moves DIFFERENCE_STEP."""
    per_mode = abs(coordinates.modes).max(axis=0).toarray().ravel()
    per_strain = coordinates.scale[coordinates.n_modes :]
    return DIFFERENCE_STEP / np.append(per_mode, per_strain)
