"""One picture for many viewers: a transfer that runs while somebody watches, fanned out."""
