# Copyright (C) 2026 The ngx_http_query_cache_module authors

"""A client of redis-s3-cache for QC::S3Cache.  The library itself (its module
is "s3cache") is used where it is installed; it is in no Debian package, so
elsewhere Entries below stands for it: the same keys, hashes and objects, made
by nothing but json, hashlib, redis, boto3 and zstandard.

A request is a line of JSON on standard input, an answer one on standard
output: {"result": ...} or {"error": "..."}.
Arguments of the command: Redis's URL and prefix; S3's endpoint, access key,
secret key, bucket and prefix."""

import gzip
import hashlib
import json
import re
import sys
import time

import boto3
import redis
import zstandard
from botocore.config import Config
from botocore.exceptions import ClientError

try:
    from s3cache.key import make_cache_key
    from s3cache.manager import CacheManager
    from s3cache.storage.s3 import S3Backend
except ImportError:
    CacheManager = None


def pack(data, compression):
    if compression == "zstd":
        return zstandard.ZstdCompressor().compress(data)
    if compression == "gzip":
        return gzip.compress(data)
    if compression == "none":
        return data
    raise ValueError(f"unknown compression {compression}")


def unpack(data, compression):
    if compression == "zstd":
        return zstandard.ZstdDecompressor().decompress(data)
    if compression == "gzip":
        return gzip.decompress(data)
    if compression == "none":
        return data
    raise ValueError(f"unknown compression {compression}")


class Entries:
    """What the library keeps in Redis and in S3, by its description."""

    def __init__(self, client, prefix, s3, bucket, s3_prefix):
        self.redis = client
        self.prefix = prefix
        self.s3 = s3
        self.bucket = bucket
        self.s3_prefix = s3_prefix

    def key(self, query, args, kwargs, namespace):
        parts = {"query": re.sub(r"\s+", " ", query.strip()),
                 "args": args, "kwargs": kwargs}
        if namespace:
            parts["namespace"] = namespace
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def put(self, key, value, ttl, namespace, compression):
        data = pack(json.dumps(value, sort_keys=True).encode(), compression)
        path = f"{key}.json"
        self.s3.put_object(Bucket=self.bucket, Body=data,
                           Key=f"{self.s3_prefix}/{path}")
        fields = {"s3_path": path, "created_at": str(int(time.time())),
                  "ttl": str(ttl), "size_bytes": str(len(data)),
                  "format": "json", "compression": compression}
        if namespace:
            fields["namespace"] = namespace
        self.redis.hset(self.prefix + key, mapping=fields)
        self.redis.expire(self.prefix + key, ttl)

    def get(self, key):
        meta = self.redis.hgetall(self.prefix + key)
        if not meta:
            return None
        meta = {name.decode(): value.decode(errors="replace")
                for name, value in meta.items()}
        if meta.get("format", "pickle") != "json":
            raise ValueError("format")
        try:
            answer = self.s3.get_object(
                Bucket=self.bucket, Key=f"{self.s3_prefix}/{meta['s3_path']}")
        except ClientError:
            self.redis.delete(self.prefix + key)
            return None
        data = unpack(answer["Body"].read(), meta.get("compression", "zstd"))
        return json.loads(data)

    def created(self):
        """By which the library finds the oldest, and counts on integers."""
        keys = [key for key in self.redis.scan_iter(match=self.prefix + "*")
                if not key.decode().startswith(self.prefix + "lock:")]
        return {key.decode(): int(self.redis.hget(key, "created_at"))
                for key in keys}

    def orphans(self):
        """Objects the library would delete: no key in Redis is theirs."""
        found = []
        listed = self.s3.list_objects_v2(Bucket=self.bucket,
                                         Prefix=self.s3_prefix + "/")
        for item in listed.get("Contents", []):
            name = item["Key"][len(self.s3_prefix) + 1:]
            if not self.redis.exists(self.prefix + name.rsplit(".", 1)[0]):
                found.append(name)
        return found


class Library(Entries):
    """The same by the library itself."""

    def __init__(self, client, prefix, s3, bucket, s3_prefix):
        super().__init__(client, prefix, s3, bucket, s3_prefix)

        # it asks for encryption at rest, which a store without TLS refuses
        s3.meta.events.register(
            "before-parameter-build.s3.PutObject",
            lambda params, **rest: params.pop("ServerSideEncryption", None))

        self.manager = CacheManager.initialize(
            redis_key_prefix=prefix, serialization_format="json",
            _redis_client=client,
            _storage=S3Backend(bucket=bucket, prefix=s3_prefix, client=s3))
        self.manager._sync_mode = True

    def key(self, query, args, kwargs, namespace):
        return make_cache_key(query, tuple(args), kwargs, namespace)

    def put(self, key, value, ttl, namespace, compression):
        self.manager.compression = compression
        self.manager.persist_async(key, value, ttl, namespace, "json")

    def get(self, key):
        return self.manager.get_cached(key)[1]


def main():
    url, prefix, endpoint, access, secret, bucket, s3_prefix = sys.argv[1:]

    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4",
                    retries={"max_attempts": 0}, connect_timeout=5,
                    read_timeout=30)
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                      aws_access_key_id=access, aws_secret_access_key=secret,
                      config=config)
    entries = (Library if CacheManager else Entries)(
        redis.Redis.from_url(url), prefix, s3, bucket, s3_prefix)

    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "which":
                result = type(entries).__name__
            else:
                result = getattr(entries, request["do"])(*request["with"])
            reply = {"result": result}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
