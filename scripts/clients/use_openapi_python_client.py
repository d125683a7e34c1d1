"""Uses what openapi-python-client made of our description: `python use_openapi_python_client.py ADDRESS`, beside `generated`."""

import sys

from generated import Client
from generated.api.generate_v1 import generate_routes_v1_engine_generate_post as generate
from generated.api.query import all_models_v1_engines_all_models_get as all_models
from generated.models import CommonRequest, Performance, TaskRecord

client = Client(base_url=sys.argv[1], timeout=600)
# Says nothing but this; the generated class sends all its other defaults, too.
request = CommonRequest(prompt="a red circle on a white background", performance_selection=Performance.LIGHTNING)
assert len(request.to_dict()) > 60, request.to_dict()
answer = generate.sync_detailed(client=client, body=request)
assert answer.status_code == 200, answer
record = answer.parsed
assert isinstance(record, TaskRecord) and record.task_status == "finished", answer
names = all_models.sync(client=client)
assert record.req_params["base_model_name"] in names.model_filenames, names
print("worked")
