"""Relaxed structures: found, followed along lines of parameters, told from saddle points."""
