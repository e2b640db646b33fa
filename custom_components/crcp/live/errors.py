"""What can keep a picture away besides the unit, and the way to it."""


class NoPicture(Exception):
    """There is no picture, and that is our side's doing. Its text says why."""
