"""Rules on queues."""

from typing import Final

from rules.policies import public
from rules.rule import Rule, Severity
from rules.subject import per_document, rule

QUEUE: Final = "aws:sqs/queue:Queue"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"

QUEUE_CLOSED: Final = rule(
    per_document("policy", test=public),
    QUEUE,
    QUEUE_POLICY,
    name="sqs-not-public",
    title="Queue policies name whom they let in",
    severity=Severity.HIGH,
    why="Everybody may read messages, or send others",
    fix="name principals, or narrow the statement by aws:SourceAccount",
    url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
)

RULES: Final[tuple[Rule, ...]] = (QUEUE_CLOSED,)
