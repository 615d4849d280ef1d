"""Sphinx configuration; in ``make docs`` warnings and dead references are errors."""

from importlib.metadata import version as distribution_version

project = "Flask-SocketIO"
author = "The Flask-SocketIO contributors"
version = release = distribution_version("flask-socketio")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "README.md"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

# Types of other packages have no page here. Their inventories are on other machines, which a build
# must not depend on; names of this project that lead nowhere stay errors.
nitpick_ignore_regex = [(r"py:.*", r"(?!flask_socketio\b|flask_sockets\b)\w+\..*")]

html_theme = "furo"
html_title = f"Flask-SocketIO {release}"
