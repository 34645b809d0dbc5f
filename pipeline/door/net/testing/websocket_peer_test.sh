#!/bin/bash
# The server, spoken to by Python's websockets: websocket_peer_test.sh SERVER CLIENT.
set -u
exec python3 "$2" "$1" "$TEST_TMPDIR"
