"""What ``benches/compare.py`` is made of: problems, packages, measurements and tables."""
