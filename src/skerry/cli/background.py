"""What ``skerry up`` starts: the cloud in this process, logging to standard error."""

from skerry.cli.process import configured, sole_process
from skerry.main import log_to, serve


def run() -> None:
    config = configured()
    with sole_process(config):
        log_to(None, config.log_level)
        serve(config)


if __name__ == "__main__":
    run()
