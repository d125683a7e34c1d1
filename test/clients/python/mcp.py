"""What a program on the official SDK does at /mcp: `mcp.py ADDRESS KEY MODE`, where MODE is auto or legacy."""

import base64
import json
import sys
from typing import Literal

import anyio
import httpx2
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Request, RequestParams, Result

address, key, mode = sys.argv[1:]
small = {"prompt": "a circle", "size": "64x64", "steps": 4, "styles": [], "seed": 7}
tasks = "io.modelcontextprotocol/tasks"


def saw(what, **facts):
    print(json.dumps({"saw": what, **facts}))


class CreateTaskResult(Result):
    result_type: Literal["task"] = "task"
    task_id: str
    status: str


class TaskParams(RequestParams):
    task_id: str


class GetTask(Request[TaskParams, str]):
    """A request that says in a header whose task it is about, as the extension has it."""

    name_param = "taskId"
    method: str = "tasks/get"


class TaskResult(Result):
    status: str
    result: dict | None = None


class Tasks(ClientExtension):
    """The extension as its specification has it: the handle is asked for until there is a result."""

    identifier = tasks

    def claims(self):
        return [ResultClaim(result_type="task", model=CreateTaskResult, resolve=self.finish)]

    async def finish(self, handle: CreateTaskResult, context: ClaimContext) -> CallToolResult:
        saw("task", status=handle.status)
        while True:
            request = GetTask(params=TaskParams(task_id=handle.task_id))
            task = await context.session.send_request(request, TaskResult)
            if task.status == "completed":
                return CallToolResult.model_validate(task.result)
            await anyio.sleep(0.05)


def connected(key, **options):
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return Client(streamable_http_client(f"{address}/mcp", http_client=http), mode=mode, **options)


async def main():
    try:
        async with connected("guess") as client:
            await client.list_tools()
        saw("no key", failed=False)
    except BaseException as refusal:
        saw("no key", failed=not isinstance(refusal, KeyboardInterrupt))

    async with connected(key) as client:
        saw("revision", revision=client.protocol_version)
        saw("tools", names=[tool.name for tool in (await client.list_tools()).tools])

        told = []

        async def progress(progress, total, message):
            told.append(message)

        made = await client.call_tool("generate", small, progress_callback=progress)
        kinds = [block.type for block in made.content]
        png = base64.b64decode(made.content[1].data)[:8] == b"\x89PNG\r\n\x1a\n"
        saw("picture", kinds=kinds, png=png, status=made.structured_content["status"])
        saw("progress", step="Sampling step 2/4, image 1/1 ..." in told)

        read = await client.read_resource(made.content[2].uri)
        saw("resource", same=read.contents[0].blob == made.content[1].data)

        wrong = await client.call_tool("generate", {**small, "number": 99})
        saw("error", is_error=wrong.is_error, text=wrong.content[0].text)

        async with anyio.create_task_group() as group:

            async def second(progress, total, message):
                # The first picture of two is there: the call is taken back, in whatever way this revision has for it.
                if progress > 60:
                    group.cancel_scope.cancel()

            await client.call_tool("generate", {**small, "number": 2}, progress_callback=second)
        # The notification of the older revisions goes out beside everything else, and is lost where the program ends first.
        await anyio.sleep(1)
        saw("took back", cancelled=group.cancel_scope.cancelled_caught)

    if mode == "auto":
        async with connected(key, extensions=[Tasks()]) as client:
            made = await client.call_tool("generate", small)
            saw("finished task", status=made.structured_content["status"], kinds=[block.type for block in made.content])


anyio.run(main)
