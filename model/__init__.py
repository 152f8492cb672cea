"""The words every part of Cardinal shares: labels, samples, storage protocols, relabel rules, errors."""
