"""From plain values to an answer's bytes."""
