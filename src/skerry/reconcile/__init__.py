"""Reconcilers: they make the world match the rows, over and over, and never remember anything."""
