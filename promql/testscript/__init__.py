"""The conformance script language of Prometheus: `.test` files that load series, ask and compare."""
