"""Pictures to look at, made of picture files that a camera sent and nobody can trust."""
