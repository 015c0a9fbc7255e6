"""An S3 server that checks signatures and rights; says in one line of JSON where it is, and the keys of its two users.

The first may do with the bucket, and one that is not there, what a store needs; the second nothing. Ends with its process, in memory until then.
"""

import json
import os
import threading

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "inf"

import boto3
import requests
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

BUCKET, PREFIX = "records", "ana"


class OneAtATime:
    """Two puts of one key at the same time make moto answer 500 (it closes a file that it still reads)."""

    def __init__(self, application):
        self.application, self.turn = application, threading.Lock()

    def __call__(self, environment, start_response):
        with self.turn:
            return [b"".join(self.application(environment, start_response))]


def allow(actions, resource):
    return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": f"arn:aws:s3:::{resource}"}


application = OneAtATime(DomainDispatcherApplication(create_backend_app))
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
serving = threading.Thread(target=server.serve_forever)
serving.start()
endpoint = f"http://127.0.0.1:{server.server_port}"
anybody = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x", "endpoint_url": endpoint}
boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET)
iam = boto3.client("iam", **anybody)
users = []
for name in "patient", "stranger":
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    users.append([key["AccessKeyId"], key["SecretAccessKey"]])
rights = [
    right
    for bucket in (BUCKET, "nowhere")
    for right in (
        allow(["GetObject", "PutObject"], f"{bucket}/{PREFIX}/*"),
        allow(["ListBucket"], bucket),
        allow(["DeleteObject"], f"{bucket}/{PREFIX}/pins/*"),
    )
]
policy = json.dumps({"Version": "2012-10-17", "Statement": rights})
iam.put_user_policy(UserName="patient", PolicyName="store", PolicyDocument=policy)
requests.post(f"{endpoint}/moto-api/reset-auth", data=b"0", timeout=30).raise_for_status()
print(json.dumps({"endpoint": endpoint, "url": f"s3://{BUCKET}/{PREFIX}", "users": users}), flush=True)
serving.join()
