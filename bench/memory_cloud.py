"""A cloud with engines in memory, served as `skerry serve` serves the real one."""

from tests.api.serving import in_memory

from skerry.config import load_config
from skerry.main import serve

if __name__ == "__main__":
    serve(load_config(), in_memory())
