"""Relatives of the restricted Boltzmann machine, each on its trainer."""
