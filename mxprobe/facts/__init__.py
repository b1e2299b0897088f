"""What was seen: frozen values that keep the raw bytes. This room imports nothing of ours."""
