"""Service discovery: where targets come from."""
