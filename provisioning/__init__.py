"""Before a node is trusted: identity, claim, image, install, self-test."""
