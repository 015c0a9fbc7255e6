"""What schemathesis cannot make up: CARs, CIDs and signed requests. The test gives them, in a file."""

import json
import os

import schemathesis
from hypothesis import strategies as st

with open(os.environ["HOSPITAL_RECORD_GIVEN"], encoding="utf-8") as file:
    GIVEN = json.load(file)
CARS = [bytes.fromhex(car) for car in GIVEN["cars"]]


@st.composite
def damaged(draw):
    """A CAR with a changed byte, or without its end."""
    car = bytearray(draw(st.sampled_from(CARS)))
    at = draw(st.integers(0, len(car) - 1))
    if draw(st.booleans()):
        del car[at:]
    else:
        car[at] ^= draw(st.integers(1, 255))
    return bytes(car)


schemathesis.openapi.media_type("application/vnd.ipld.car", st.sampled_from(CARS) | damaged() | st.binary())


def names_of(path):
    """What the names in a path can stand for. A CAR of what lies below a missing block breaks off, as it must: no answer."""
    cids = GIVEN["cids"] + ([GIVEN["broken"]] if path.startswith("/v1/pins/") else [])
    names = {"cid": cids, "id": GIVEN["ids"]}
    return {name: values for name, values in names.items() if "{" + name + "}" in path}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The phase of examples uses these."""
    for path, item in raw_schema["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                values = names_of(path).get(parameter["name"], [])
                if values:
                    parameter["examples"] = {str(at): {"value": value} for at, value in enumerate(values)}
            if path == "/v1/requests":
                examples = {str(at): {"value": value} for at, value in enumerate(GIVEN["requests"])}
                operation["requestBody"]["content"]["application/json"]["examples"] = examples


@schemathesis.hook
def before_generate_path_parameters(context, strategy):
    """Half of the random requests are for something that is there."""
    known = {name: st.sampled_from(values) for name, values in names_of(context.operation.path).items()}
    return strategy | st.fixed_dictionaries(known) if known else strategy


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """The guard refuses a POST of a type that a web page can send, before it looks where the request goes."""
    return not (case.method == "POST" and response.status_code == 415 and "Unsupported method" in failure.message)
