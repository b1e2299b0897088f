"""Looks at live domains."""
