"""The commands of ./lockrig, one a file.

What takes long to import (pytest, rich, jinja2, matplotlib) is imported by the command
that needs it, so that --help is quick.
"""
