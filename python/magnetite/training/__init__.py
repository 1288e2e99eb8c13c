"""Learning: how a machine is fitted to data."""
