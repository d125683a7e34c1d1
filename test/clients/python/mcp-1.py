"""What a program on the official SDK's first version does at /mcp: `mcp-1.py ADDRESS KEY`."""

import base64
import json
import sys

import anyio
from mcp import ClientSession, types
from mcp.client.streamable_http import streamablehttp_client

address, key = sys.argv[1:]
small = {"prompt": "a circle", "size": "64x64", "steps": 4, "styles": [], "seed": 7}


def saw(what, **facts):
    print(json.dumps({"saw": what, **facts}))


async def refused():
    try:
        async with streamablehttp_client(f"{address}/mcp", headers={"X-API-Key": "guess"}) as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
        return False
    except BaseException as refusal:
        return not isinstance(refusal, KeyboardInterrupt)


async def main():
    saw("no key", failed=await refused())
    headers = {"Authorization": f"Bearer {key}"}
    async with streamablehttp_client(f"{address}/mcp", headers=headers) as (read, write, session_id):
        async with ClientSession(read, write) as session:
            begun = await session.initialize()
            saw("revision", revision=begun.protocolVersion, session=session_id())
            saw("tools", names=[tool.name for tool in (await session.list_tools()).tools])

            told = []

            async def progress(progress, total, message):
                told.append(message)

            made = await session.call_tool("generate", small, progress_callback=progress)
            kinds = [block.type for block in made.content]
            png = base64.b64decode(made.content[1].data)[:8] == b"\x89PNG\r\n\x1a\n"
            saw("picture", kinds=kinds, png=png, status=made.structuredContent["status"])
            saw("progress", step="Sampling step 2/4, image 1/1 ..." in told)

            read_back = await session.read_resource(made.content[2].uri)
            saw("resource", same=read_back.contents[0].blob == made.content[1].data)

            wrong = await session.call_tool("generate", {**small, "number": 99})
            saw("error", is_error=wrong.isError, text=wrong.content[0].text)

            # It has no way of its own to take a call back; programs send the notification.
            identity = session._request_id
            asked = []

            async def second(progress, total, message):
                if progress > 60 and not asked:
                    asked.append(identity)
                    params = types.CancelledNotificationParams(requestId=identity, reason="enough")
                    notification = types.CancelledNotification(method="notifications/cancelled", params=params)
                    await session.send_notification(types.ClientNotification(notification))

            ended = await session.call_tool("generate", {**small, "number": 2}, progress_callback=second)
            saw("took back", is_error=ended.isError, text=ended.content[0].text[:22])


anyio.run(main)
