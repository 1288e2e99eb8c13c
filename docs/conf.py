"""Configuration of Sphinx: sphinx-build docs docs/_build."""

from importlib.metadata import version as version_of

project = "magnetite"
author = "The magnetite developers"
release = version = version_of(project)

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # README and CHANGELOG stand outside this folder
numpydoc_show_class_members = False
html_title = f"magnetite {release}"
