"""Where parameter sets come from, and the variants made of them."""
