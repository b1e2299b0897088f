"""What shall go wrong: stories, faults and host behaviour as pure values."""
