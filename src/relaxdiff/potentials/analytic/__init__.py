"""Potentials written in JAX: any differentiable energy. Needs `make jax`, or the extra `jax`."""

import logging

try:
    import jax
except ImportError:
    from relaxdiff.exceptions import InputError

    raise InputError(
        "a potential written in JAX needs JAX: make jax, or pip install 'relaxdiff[jax]'"
    ) from None

jax.config.update("jax_enable_x64", True)
# It tells of each kind of device that a machine does not have.
logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)

from relaxdiff.potentials.analytic.calculator import AnalyticCalculator  # noqa: E402
from relaxdiff.potentials.analytic.evaluator import AnalyticEvaluator  # noqa: E402
from relaxdiff.potentials.analytic.model import (  # noqa: E402
    BUILT_IN,
    AnalyticModel,
    analytic_model,
    model_from,
)
from relaxdiff.potentials.analytic.potential import (  # noqa: E402
    AnalyticPotential,
    analytic_potential,
)

__all__ = [
    "AnalyticCalculator",
    "AnalyticEvaluator",
    "AnalyticModel",
    "AnalyticPotential",
    "BUILT_IN",
    "analytic_model",
    "analytic_potential",
    "model_from",
]
