"""How the nodes of a plan compute: whole vectors over all steps at once."""
