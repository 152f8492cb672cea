"""Cardinal's own metrics, under Prometheus' names."""
