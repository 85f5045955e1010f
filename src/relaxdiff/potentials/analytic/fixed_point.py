"""The derivative of a minimum through the fixed point of its minimiser: optimistix and lineax.

A step of gradient descent, T(x) = x - s g(x; theta), leaves a minimum x* where it is. The implicit
function theorem, applied to x* = T(x*; theta), gives (Blondel et al., arXiv:2105.15183)

    (1 - dT/dx) dx*/dtheta = dT/dtheta,    1 - dT/dx = s H,

which conjugate gradients solve on products in forward mode. It is an independent way to what
`implicit_derivative` gives, without preconditioner and symmetry, and is compared with it.

Rigid translations have no energy: s H is singular. T therefore takes off the mean displacement,
which puts 1 in place of the three zeros.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx

from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.potentials.analytic.calculator import structure_of
from relaxdiff.potentials.analytic.derivatives import derivatives_of

STEP = 1e-3  # Angstrom^2/eV; descent converges if it is below 2 / the largest curvature
AT_REST = 1e-10  # Angstrom; a smaller step of descent ends it: a force of 1e-7 eV/Angstrom is left
DESCENT_STEPS = 256


def fixed_point_derivative(potential, atoms, direction, tolerance=1e-8, max_iterations=1000):
    """dx*/dtheta along a direction at a fixed cell, (N, 3), Angstrom per unit; its mean is zero.

    potential: AnalyticPotential; atoms: periodic Atoms, relaxed with it; direction: in parameter
    space, (P,); tolerance: of the residual of conjugate gradients and of their last step, relative
    to the right-hand side. Raises InputError for a direction that is not (P,) or not finite and as
    AnalyticCalculator does, RelaxationError when descent or conjugate gradients do not converge.
    """
    direction = np.asarray(direction, dtype=float)
    if direction.shape != potential.theta.shape or not np.isfinite(direction).all():
        raise InputError(f"direction: needs {potential.theta.size} finite numbers")
    model = potential.model
    (positions, _), theta, structure = structure_of(model, potential.theta, atoms)
    slopes = derivatives_of(model.energy, model.parameters.names).slopes
    # As arrays these are not compiled in.
    limits = np.asarray(float(tolerance)), np.asarray(int(max_iterations))
    try:
        found = np.array(_along(slopes, theta, direction, positions, structure, limits))
    except eqx.EquinoxRuntimeError:
        raise RelaxationError(
            f"not converged in {DESCENT_STEPS} steps of descent and {max_iterations} of conjugate "
            "gradients: relax the structure further, or allow more iterations"
        ) from None
    return found - found.mean(axis=0)


@eqx.filter_jit
def _along(slopes, theta, direction, start, structure, limits):
    """The derivative; compiled once for each size of structure."""

    def descended(positions, given):
        theta, start, structure = given
        uphill = slopes((positions, jnp.eye(3)), theta, structure).by_positions
        return positions - STEP * uphill - jnp.mean(positions - start, axis=0)

    def minimum(theta):
        return optx.fixed_point(
            descended,
            optx.FixedPointIteration(rtol=0.0, atol=AT_REST),
            start,
            (theta, start, structure),
            max_steps=DESCENT_STEPS,
            adjoint=optx.ImplicitAdjoint(solver),
            tags=frozenset({lx.negative_semidefinite_tag}),  # dT/dx - 1
        ).value

    tolerance, max_iterations = limits
    _, right = jax.jvp(
        lambda theta: descended(start, (theta, start, structure)), (theta,), (direction,)
    )
    # With a relative tolerance lineax compares each component with itself, and goes on until it
    # divides zero by zero where one is zero by symmetry.
    absolute = tolerance * jnp.linalg.norm(right)
    solver = lx.CG(rtol=0.0, atol=absolute, norm=optx.two_norm, max_steps=max_iterations)
    return jax.jvp(minimum, (theta,), (direction,))[1]
