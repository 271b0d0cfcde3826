"""What central says over HTTP: pages for people, and the door for nodes."""
