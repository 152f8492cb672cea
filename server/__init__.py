"""The face of Cardinal: configuration, HTTP API, rules, alerting, remote protocols and the command line."""
