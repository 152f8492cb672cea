"""The write-ahead log: Prometheus' own, byte for byte. `docs/formats/wal.md` draws it."""
