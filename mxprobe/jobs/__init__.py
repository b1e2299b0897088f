"""What a person asks for, joined from the rooms, printing nothing. The Python API is these."""
