"""The perfect crystal of every variant, which formation energies are counted from."""
