"""Two independent wire protocols; nothing below here knows Home Assistant."""
