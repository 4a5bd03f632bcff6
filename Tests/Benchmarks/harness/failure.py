"""A figure that could not be measured, or whose replies or files were not what they should be."""


class Failure(Exception):
    """Says what went wrong; the figure is reported as failed and the others go on."""
