"""What keeps a file from being shown."""


class NoPreview(Exception):
    """There is no picture to be had of a file; the text says why, for the log."""
