"""Virtual devices: what the tests, the demo and real clients talk to when there is no hardware."""
