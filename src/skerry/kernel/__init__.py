"""The vocabulary every other part shares. Knows no wire protocol, no service, no engine."""
