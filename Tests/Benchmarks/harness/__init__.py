"""What `benchmark` is made of: building, servers, load, the figures, the table."""
