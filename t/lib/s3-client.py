# Copyright (C) 2026 The ngx_http_query_cache_module authors

"""boto3 for QC::S3.  A request is a line of JSON on standard input,
{"method": name, "arguments": {...}}, an answer one on standard output,
{"result": ...} or {"error": "Code: message"}.  Bytes are {"bytes": length}
there and follow the line, in the order of the sorted names.
Arguments of the command: endpoint, access key, secret key, region."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def decode(value, stream):
    if isinstance(value, list):
        return [decode(item, stream) for item in value]

    if not isinstance(value, dict):
        return value

    if set(value) == {"bytes"}:
        return stream.read(value["bytes"])

    return {name: decode(value[name], stream) for name in sorted(value)}


def encode(value, blobs):
    if hasattr(value, "read"):
        value = value.read()

    if isinstance(value, bytes):
        blobs.append(value)
        return {"bytes": len(value)}

    if isinstance(value, (list, tuple)):
        return [encode(item, blobs) for item in value]

    if isinstance(value, dict):
        return {name: encode(value[name], blobs) for name in sorted(value)
                if name != "ResponseMetadata"}

    if value is None or isinstance(value, (bool, int, float, str)):
        return value

    return str(value)


def answer(client, line, blobs):
    request = json.loads(line)
    arguments = decode(request["arguments"], sys.stdin.buffer)

    try:
        method = getattr(client, request["method"])
        return {"result": encode(method(**arguments), blobs)}

    except ClientError as error:
        detail = error.response["Error"]
        return {"error": f"{detail.get('Code')}: {detail.get('Message')}"}

    except (BotoCoreError, AttributeError, TypeError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    endpoint, access, secret, region = sys.argv[1:]

    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4",
                    retries={"max_attempts": 0}, connect_timeout=5,
                    read_timeout=30)
    client = boto3.client("s3", endpoint_url=endpoint, region_name=region,
                          aws_access_key_id=access,
                          aws_secret_access_key=secret, config=config)

    for line in sys.stdin.buffer:
        blobs = []
        reply = json.dumps(answer(client, line, blobs), sort_keys=True)

        sys.stdout.buffer.write(reply.encode() + b"\n" + b"".join(blobs))
        sys.stdout.buffer.flush()


main()
