"""Lets the tests import the integration."""
