"""Stacks of machines: deep belief networks and deep Boltzmann machines."""
