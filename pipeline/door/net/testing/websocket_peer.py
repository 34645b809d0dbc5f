"""Speaks to echo_server by the websockets library: websocket_peer.py SERVER FOLDER."""
import asyncio
import os
import socket
import ssl
import subprocess
import sys

import websockets
from websockets.exceptions import ConnectionClosed

# No compression, and no bound on what comes: the server has its own.
OPTIONS = {"compression": None, "max_size": None}
num_failed = 0


def check(what, holds):
    global num_failed
    if not holds:
        num_failed += 1
        print(f"FAILED: {what}")


def status_of(error):
    """The HTTP status of a refusal, in the library's releases before and after 14."""
    return getattr(error, "status_code", None) or error.response.status_code


async def closed_with(connection):
    """What the server closes a connection with."""
    try:
        while True:
            await connection.recv()
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code, closed.rcvd and closed.rcvd.reason


async def messages(url, **options):
    async with websockets.connect(url + "/echo", **OPTIONS, **options) as connection:
        for text in ["", "hello", "gr\u00fc\u00df dich \U0001f600", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536]:
            await connection.send(text)
            check(f"text of {len(text)}", await connection.recv() == text)
        for size in [0, 1, 125, 126, 65535, 65536, 1_000_000]:
            data = os.urandom(size)
            await connection.send(data)
            check(f"binary of {size}", await connection.recv() == data)
        text = "a" * 15_000_000
        await connection.send(text)
        check("15 MB", await connection.recv() == text)

        async def pieces():
            for piece in ["\u20ac", "", "b" * 70_000, "\U0001f600"]:
                yield piece

        await connection.send(pieces())
        check("fragments", await connection.recv() == "\u20ac" + "b" * 70_000 + "\U0001f600")
        await asyncio.wait_for(await connection.ping(b"are you there"), 60)
        await connection.close(4000, "enough")
        check("the code comes back", connection.close_code == 4000)


async def closing(url):
    for code, reason in [(1000, ""), (1001, "going"), (1013, "later"), (4321, "gr\u00fc\u00df dich")]:
        async with websockets.connect(url + "/echo", **OPTIONS) as connection:
            await connection.send(f"close {code} {reason}")
            check(f"close {code}", await closed_with(connection) == (code, reason))
    async with websockets.connect(url + "/echo", **OPTIONS) as connection:
        await connection.send("x" * (16 * 1024 * 1024 + 1))
        code, _ = await closed_with(connection)
        check("too large a message", code == 1009)


async def refusals(url):
    try:
        async with websockets.connect(url + "/nowhere", **OPTIONS):
            check("a refusal", False)
    except websockets.exceptions.InvalidHandshake as error:
        check("a refusal is 403", status_of(error) == 403)
    async with websockets.connect(url + "/echo", subprotocols=["realtime", "openai-insecure-api-key.k"],
                                  **OPTIONS) as connection:
        check("the subprotocol", connection.subprotocol == "realtime")
    # With compression offered, the server declines.
    async with websockets.connect(url + "/echo", max_size=None) as connection:
        await connection.send("hello")
        check("compression is declined", await connection.recv() == "hello")


async def many(url):
    async def one(i):
        async with websockets.connect(url + "/echo", **OPTIONS) as connection:
            for j in range(10):
                await connection.send(f"{i} {j}")
                check("one of many", await connection.recv() == f"{i} {j}")

    await asyncio.gather(*[one(i) for i in range(100)])


def split_at_every_byte(port):
    """A whole conversation in two pieces, cut at each place in turn, and byte by byte."""
    mask = bytes([1, 2, 3, 4])

    def frame(first, payload):
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        return bytes([first, 0x80 | len(payload)]) + mask + masked

    said = (b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
            frame(0x81, b"hello") + frame(0x01, "\u20ac".encode()[:2]) + frame(0x89, b"p") +
            frame(0x80, "\u20ac".encode()[2:]) + frame(0x88, b"\x03\xe8"))
    expected = b"\x81\x05hello" + b"\x8a\x01p" + b"\x81\x03" + "\u20ac".encode() + b"\x88\x02\x03\xe8"
    for cut in range(len(said) + 1):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pieces = [said[:cut], said[cut:]] if cut < len(said) else [said[i:i + 1] for i in range(cut)]
            for piece in pieces:
                connection.sendall(piece)
            heard = b""
            while piece := connection.recv(4096):
                heard += piece
            check(f"cut at {cut}: {heard}", heard.partition(b"\r\n\r\n")[2] == expected)


def main():
    server, folder = sys.argv[1:]
    with subprocess.Popen([server, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        http, tls, _ = [int(process.stdout.readline()) for _ in range(3)]
        url = f"ws://127.0.0.1:{http}"
        trusted = ssl.create_default_context(cafile=os.path.join(folder, "echo_server.pem"))
        asyncio.run(messages(url))
        asyncio.run(messages(f"wss://localhost:{tls}", ssl=trusted))
        asyncio.run(closing(url))
        asyncio.run(refusals(url))
        asyncio.run(many(url))
        split_at_every_byte(http)
        process.stdin.close()
        check("the server's exit code", process.wait() == 0)
    print(f"websockets {websockets.__version__}: {num_failed} failed")
    return 1 if num_failed else 0


sys.exit(main())
