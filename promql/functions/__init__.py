"""What PromQL's functions are called, what they take and give, and how they compute."""
