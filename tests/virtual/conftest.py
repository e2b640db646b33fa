"""What the tests of virtual units share with those of their protocol."""

from tests.protocols.crcp.conftest import house, loopback

__all__ = ["house", "loopback"]
