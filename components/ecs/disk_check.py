"""Runs on a host every minute: reports the host unhealthy once its disk is full.

The Auto Scaling group then launches another host, and terminates this one after its tasks have
drained. The program never imports this file: `user_data` ships its text. It calls the API by
itself, since the ECS-optimized image is built from the minimal Amazon Linux 2023 and has no AWS
CLI; Python is there for certain, because cloud-init, which reads our user data, is written in it.
That Python is 3.9, so nothing newer may be used here.

Usage: disk_check.py PERCENT [PATH [METADATA [ENDPOINT]]]
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse
import urllib.request

SECONDS = 5
SIGNED = "content-type;host;x-amz-date;x-amz-security-token"
FORM = "application/x-www-form-urlencoded"


def used_percent(path: str) -> int:
    """Return the share of blocks or inodes in use at `path`, whichever is larger, %, rounded up."""
    disk = os.statvfs(path)
    blocks = disk.f_blocks - disk.f_bfree
    inodes = disk.f_files - disk.f_ffree
    shares = ((blocks, blocks + disk.f_bavail), (inodes, inodes + disk.f_favail))
    return max(-(-100 * used // total) for used, total in shares if total)


def fetch(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> str:
    """Return the answer to one request; raise `OSError` if it fails or is refused."""
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - the two addresses below
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
        return str(answer.read().decode())


def signature(secret: str, date: str, region: str, digest: str) -> str:
    """Return the Signature Version 4 of the canonical request whose SHA-256 is `digest`."""
    key = f"AWS4{secret}".encode()
    for part in (date[:8], region, "autoscaling", "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{date[:8]}/{region}/autoscaling/aws4_request\n{digest}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def signed(keys: dict[str, str], region: str, host: str, date: str, body: bytes) -> dict[str, str]:
    """Return the headers that authenticate a POST of `body` to the root of `host`."""
    headers = {
        "content-type": FORM,
        "host": host,
        "x-amz-date": date,
        "x-amz-security-token": keys["Token"],
    }
    lines = "".join(f"{key}:{value}\n" for key, value in headers.items())
    payload = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{SIGNED}\n{payload}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{keys['AccessKeyId']}/{date[:8]}/{region}/autoscaling/aws4_request"
    proof = signature(keys["SecretAccessKey"], date, region, digest)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={SIGNED}, Signature={proof}"
    )
    return headers


def report(metadata: str, endpoint: str) -> None:
    """Tell the Auto Scaling group that this host is unhealthy; raise `OSError` on failure."""
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
    session = fetch(
        "PUT", metadata + "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    )

    def read(path: str) -> str:
        url = metadata + "/latest/meta-data/" + path
        return fetch("GET", url, {"X-aws-ec2-metadata-token": session})

    region = read("placement/region")
    roles = "iam/security-credentials/"
    keys = json.loads(read(roles + read(roles).split()[0]))
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
    body = urllib.parse.urlencode(
        {
            "Action": "SetInstanceHealth",
            "Version": "2011-01-01",
            "InstanceId": read("instance-id"),
            "HealthStatus": "Unhealthy",
            "ShouldRespectGracePeriod": "true",
        }
    ).encode()
    url = endpoint.format(region=region, domain=read("services/domain"))
    host = urllib.parse.urlsplit(url).netloc
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    fetch("POST", url, signed(keys, region, host, date, body), body)


def main(
    percent: str,
    path: str = "/",
    metadata: str = "http://169.254.169.254",
    endpoint: str = "https://autoscaling.{region}.{domain}/",
) -> None:
    """Report the host if the disk at `path` is at least `percent` full."""
    used = used_percent(path)
    if used < int(percent):
        return
    try:
        report(metadata, endpoint)
    except OSError as error:
        sys.exit(
            f"{path} is {used} % full, but the host could not be reported unhealthy: {error}; "
            "the next run tries again"
        )
    sys.stdout.write(f"{path} is {used} % full: reported unhealthy, to be replaced\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
