"""What can keep a picture away besides the unit, and the way to it."""


class NotConverted(Exception):
    """The picture cannot be converted. Its text says why."""
