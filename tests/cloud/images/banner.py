"""``python banner.py IP WITHIN_S``: wait until the address shows an ssh banner."""

import socket
import sys
import time

until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    try:
        with socket.create_connection((sys.argv[1], 22), timeout=0.3) as connection:
            connection.settimeout(5)
            if connection.recv(64).startswith(b"SSH-2.0-"):
                sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
