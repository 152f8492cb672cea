"""Blocks: samples of one span of time, on disk for good, with an index of their own."""
