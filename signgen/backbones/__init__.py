"""Public networks of others: how they are found, checked, read, and shown our pictures."""
