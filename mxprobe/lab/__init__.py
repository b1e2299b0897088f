"""Stages a failing world, in memory or on loopback."""
