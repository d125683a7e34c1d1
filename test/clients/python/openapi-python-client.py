"""A client as somebody writes it over what openapi-python-client makes of our description, the package `fooocusd` beside it."""

import json
import sys
from io import BytesIO
from typing import Any

import httpx

from fooocusd import AuthenticatedClient
from fooocusd.api.generate_v1 import generate_routes_v1_engine_generate_post as generate
from fooocusd.api.generate_v1 import read_metadata_v1_tools_read_metadata_post as read_metadata
from fooocusd.api.generate_v1_older import text2img_generation_v1_generation_text_to_image_post as text_to_image
from fooocusd.api.query import all_models_v1_engines_all_models_get as all_models
from fooocusd.api.query import get_task_tasks_task_id_get as get_task
from fooocusd.api.query import get_tasks_tasks_get as get_tasks
from fooocusd.api.tasks import cancel_task
from fooocusd.models import (
    AdvancedParams,
    BodyReadMetadataV1ToolsReadMetadataPost,
    CommonRequest,
    ErrorAnswer,
    HTTPValidationError,
    ReadMetadataResponse,
    TaskLists,
    TaskRecord,
    Text2ImgRequest,
)
from fooocusd.types import File, Unset

address, key = sys.argv[1:]


def saw(what: str, **facts: Any) -> None:
    print(json.dumps({"saw": what, **facts}))


def client_of(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=address, token=token, prefix="", auth_header_name="X-API-Key", timeout=httpx.Timeout(600))


client = client_of(key)


def wish(async_process: bool = False) -> CommonRequest:
    """Says little; the class sends all its other defaults, too."""
    request = CommonRequest(
        prompt="a circle", style_selections=[], overwrite_step=2, overwrite_width=64, overwrite_height=64, async_process=async_process
    )
    assert len(request.to_dict()) > 60, request.to_dict()
    return request


refused = generate.sync_detailed(client=client_of("wrong"), body=wish())
assert isinstance(refused.parsed, ErrorAnswer), refused
saw("no key", status=refused.status_code, detail=refused.parsed.detail)

record = generate.sync(client=client, body=wish())
assert isinstance(record, TaskRecord) and record.result, record
saw("picture", status=record.task_status, pictures=len(record.result))

wrong = generate.sync_detailed(client=client, body=CommonRequest(image_number=99))
assert isinstance(wrong.parsed, HTTPValidationError) and not isinstance(wrong.parsed.detail, Unset), wrong
saw("wrong field", status=wrong.status_code, where=wrong.parsed.detail[0].loc)

begun = generate.sync(client=client, body=wish(async_process=True))
assert isinstance(begun, TaskRecord), begun
ended = get_task.sync(begun.task_id, client=client, wait=60)
assert isinstance(ended, TaskRecord), ended
saw("task", before=begun.task_status, after=ended.task_status)

nobody = "0" * 32
none = get_task.sync(nobody, client=client)
assert isinstance(none, list), none
saw("no such task", records=len(none))

lists = get_tasks.sync(client=client, query="history", page_size=5)
assert isinstance(lists, TaskLists), lists
saw("tasks", history=len(lists.history))

cancelled = cancel_task.sync_detailed(nobody, client=client)
assert isinstance(cancelled.parsed, ErrorAnswer), cancelled
saw("no task to cancel", status=cancelled.status_code, detail=cancelled.parsed.detail)

names = all_models.sync(client=client)
assert names is not None and not isinstance(names, ErrorAnswer), names
saw("models", names=names.model_filenames)

picture = httpx.get(record.result[0]).content
form = BodyReadMetadataV1ToolsReadMetadataPost(image=File(payload=BytesIO(picture), file_name="picture.png", mime_type="image/png"))
read = read_metadata.sync(client=client, body=form)
assert isinstance(read, ReadMetadataResponse), read
saw("upload", scheme=read.scheme)

params = AdvancedParams(overwrite_step=2, overwrite_width=64, overwrite_height=64)
results = text_to_image.sync(client=client, body=Text2ImgRequest(prompt="a circle", style_selections=[], advanced_params=params))
assert isinstance(results, list), results
saw("legacy", reasons=[result.finish_reason for result in results])
