"""Tells: values to text, JSON, JUnit and what CI pages read."""
