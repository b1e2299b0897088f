"""Touches the network as a client; what a remote does becomes a value here."""
