"""Asks a server as its users' programs do, with nothing but Python's own library.

  realtime_client.py get URL [HEADER: VALUE]...     prints the status, the headers and the body
  realtime_client.py talk URL [HEADER: VALUE]...    a WebSocket: each line that is read is sent as a text, and each
                                                    message that comes is printed as a line, after "open" or what the
                                                    refusal says. The end of what is read closes it; "closed CODE
                                                    REASON" is the last line.

A certificate is not looked at.
"""
import base64
import http.client
import os
import socket
import ssl
import struct
import sys
import threading
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def connect(url):
    connection = socket.create_connection((url.hostname, url.port))
    if url.scheme not in ("https", "wss"):
        return connection
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=url.hostname)


def target(url):
    return (url.path or "/") + ("?" + url.query if url.query else "")


def show(response):
    print(response.status, response.reason)
    for name, value in response.getheaders():
        print(f"{name}: {value}")
    print()
    print(response.read().decode(), end="", flush=True)


def get(url, headers):
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.sock = connect(url)
    connection.request("GET", target(url), headers=headers)
    show(connection.getresponse())


class WebSocket:
    """One connection. Sent from any thread, read from one."""

    def __init__(self, connection):
        self.connection = connection
        self.stream = connection.makefile("rb")
        self.lock = threading.Lock()

    def send(self, opcode, payload):
        size = len(payload)
        length = (bytes([0x80 | size]) if size < 126 else
                  struct.pack(">BH", 0xFE, size) if size < 65536 else struct.pack(">BQ", 0xFF, size))
        mask = os.urandom(4)
        keys = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big")
        with self.lock:
            self.connection.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def read(self):
        """The opcode and the payload of the next message; servers do not fragment. None at the end."""
        header = self.stream.read(2)
        if len(header) < 2:
            return None, b""
        size = header[1]
        if size == 126:
            size = struct.unpack(">H", self.stream.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.stream.read(8))[0]
        return header[0] & 0x0F, self.stream.read(size)


def say_lines(websocket):
    for line in sys.stdin:
        websocket.send(TEXT, line.rstrip("\n").encode())
    websocket.send(CLOSE, struct.pack(">H", 1000))


def talk(url, headers):
    connection = connect(url)
    headers = {"Host": url.netloc, **headers}
    lines = [f"GET {target(url)} HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    response = http.client.HTTPResponse(connection)
    websocket = WebSocket(connection)
    # The response's own reader would keep what comes after the head.
    response.fp = websocket.stream
    response.begin()
    if response.status != 101:
        show(response)
        return
    print("open", response.getheader("Sec-WebSocket-Protocol") or "", flush=True)
    threading.Thread(target=say_lines, args=(websocket,), daemon=True).start()
    while True:
        opcode, payload = websocket.read()
        if opcode is None:
            print("broken off", flush=True)
            return
        if opcode == PING:
            websocket.send(PONG, payload)
        elif opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if payload else 1005
            print("closed", code, payload[2:].decode(), flush=True)
            websocket.send(CLOSE, payload[:2])
            return
        elif opcode == TEXT:
            print(payload.decode(), flush=True)


def main():
    command, url, *rest = sys.argv[1:]
    headers = dict(line.split(": ", 1) for line in rest)
    {"get": get, "talk": talk}[command](urlsplit(url), headers)


main()
