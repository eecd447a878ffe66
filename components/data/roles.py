"""The role under which RDS itself works for the stack, as a document known at preview."""

import json

from components.data import names
from perpetual import contract


def monitoring_trust(stack: contract.Stack) -> str:
    """Return the trust policy of the monitoring role: RDS, for this stack's instances only.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    primary = names.identifier(stack)
    instances = [stack.arn("rds", f"db:{primary}"), stack.arn("rds", f"db:{primary}-replica-*")]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": instances},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
