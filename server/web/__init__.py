"""The HTTP face: routes, parameters, envelopes."""
