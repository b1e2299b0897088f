"""What a sender should do: pure decisions over facts."""
