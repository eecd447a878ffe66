"""ACM: certificates, and waiting for them.

https://docs.aws.amazon.com/acm/latest/APIReference/
"""

import time
from typing import Any, Final

from perpetual.sandbox.resources import tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_ACM: Final = "acm"


_ISSUED: Final = "ISSUED"
_WAIT_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 0.1


def _create_certificate(aws: Cloud, inputs: Values) -> str:
    wanted = "domainName validationMethod subjectAlternativeNames keyAlgorithm tagsAll"
    made = aws.call(_ACM, "request_certificate", inputs, wanted, {"tagsAll": "Tags"})
    return str(made["CertificateArn"])


def _certificate(aws: Cloud, identifier: str) -> dict[str, Any] | None:
    return aws.find(_ACM, "describe_certificate", "Certificate", CertificateArn=identifier)


def _read_certificate(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _certificate(aws, identifier)
    if found is None:
        return None
    options = found.get("DomainValidationOptions", [])
    tags = aws.call(_ACM, "list_tags_for_certificate", CertificateArn=identifier)
    domain = found["DomainName"]
    return {
        **aws.told(_ACM, "CertificateDetail", found, {"arn": "CertificateArn"}),
        "validationMethod": next((item["ValidationMethod"] for item in options), None),
        "subjectAlternativeNames": sorted(set(found.get("SubjectAlternativeNames", [])) | {domain}),
        "domainValidationOptions": [
            {
                "domainName": item["DomainName"],
                "resourceRecordName": item.get("ResourceRecord", {}).get("Name"),
                "resourceRecordType": item.get("ResourceRecord", {}).get("Type"),
                "resourceRecordValue": item.get("ResourceRecord", {}).get("Value"),
            }
            for item in options
        ],
        "pendingRenewal": False,
        "renewalSummaries": [],
        "validationEmails": [],
        "tagsAll": tagging.read(tags["Tags"]),
    }


def _delete_certificate(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_ACM, "delete_certificate", CertificateArn=identifier)


CERTIFICATE: Final = Kind(
    "aws:acm/certificate:Certificate",
    inputs=names("domainName validationMethod subjectAlternativeNames keyAlgorithm"),
    outputs=names(
        "arn domainValidationOptions notAfter notBefore pendingRenewal renewalEligibility "
        "renewalSummaries status type validationEmails"
    ),
    create=_create_certificate,
    read=_read_certificate,
    delete=_delete_certificate,
    retag=tagging.by(_ACM, "add_tags_to_certificate", "remove_tags_from_certificate", subject="id"),
)


def _validate(aws: Cloud, inputs: Values) -> str:
    """Wait until the certificate is issued; the id is that moment, as the provider has it."""
    arn = str(inputs["certificateArn"])
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        found = _certificate(aws, arn)
        if found and found["Status"] == _ISSUED:
            return str(found.get("IssuedAt") or arn)
        if time.monotonic() > deadline:
            message = f"{arn} is still {found['Status'] if found else 'missing'}"
            raise TimeoutError(message)
        time.sleep(_PAUSE_SECONDS)


def _read_validation(aws: Cloud, _identifier: str, state: Values) -> Values | None:
    found = _certificate(aws, str(state["certificateArn"]))
    if found is None or found["Status"] != _ISSUED:
        return None
    return {key: state.get(key) for key in ("certificateArn", "validationRecordFqdns")}


VALIDATION: Final = Kind(
    "aws:acm/certificateValidation:CertificateValidation",
    inputs=names("certificateArn validationRecordFqdns"),
    part_of=names("certificateArn"),
    create=_validate,
    read=_read_validation,
    delete=nothing,
)

KINDS: Final = (CERTIFICATE, VALIDATION)
