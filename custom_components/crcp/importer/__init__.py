"""Copies photos into a folder, durably: whatever stops it, the next run loses and doubles nothing."""
