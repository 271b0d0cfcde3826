"""The node at the door: modules named after a thing touch it, modules named -ing decide."""
