"""What will be evaluated, and the rewrites that make it cheaper."""
