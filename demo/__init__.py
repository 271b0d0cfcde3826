"""A small wiring of central, nodes and emulators, for the first five minutes."""
