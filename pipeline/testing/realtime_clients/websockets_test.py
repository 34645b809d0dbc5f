"""Python's websockets library, with a conversation: websockets_test.py URL."""
import asyncio
import json
import sys

import websockets


async def converse(url):
    async with websockets.connect(url, max_size=None) as connection:
        events = []

        async def until(kind):
            while True:
                event = json.loads(await connection.recv())
                events.append(event)
                if event["type"] == kind:
                    return event

        await until("session.created")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "what is twelve times seven"}]}
        await connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await connection.send(json.dumps({"type": "response.create"}))
        done = await until("response.done")
        transcript = done["response"]["output"][-1]["content"][0]["transcript"]
        assert "84" in transcript or "eighty four" in transcript, done
        assert any(event["type"] == "response.output_audio.delta" for event in events), events
        assert not any(event["type"] == "error" for event in events), events
        pong = await connection.ping(b"are you there")
        await pong
    assert connection.close_code == 1000, connection.close_code


asyncio.run(converse(sys.argv[1]))
print(f"held: websockets {websockets.__version__}")
