"""From bytes to plain values: dict, list, str, bytes, int, float, bool, aware datetime."""
