"""What an energy is: a function of the structure and of named parameters."""

from relaxdiff.potentials.differences import (
    difference_steps,
    hessian_row,
    hessian_tensor,
    second_derivatives,
)

__all__ = [
    "difference_steps",
    "hessian_row",
    "hessian_tensor",
    "second_derivatives",
]
