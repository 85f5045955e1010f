"""Energies and volumes of all variants, predicted from one derivative."""
