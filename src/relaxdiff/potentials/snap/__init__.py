"""SNAP potentials: files, hyperparameters, the fixed pair style beside them."""
