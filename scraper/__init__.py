"""The collector: finds targets, asks them on time, and hands what they say to the store."""
