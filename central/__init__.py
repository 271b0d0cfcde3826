"""The bookkeeper: takes what the nodes wrote and keeps days; pages/ speak HTTP, the rest knows no Flask."""
