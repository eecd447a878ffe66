"""Rules on topics and queues."""

from typing import Final

from rules.policies import public
from rules.rule import Rule, Severity
from rules.subject import per_document, rule

TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
QUEUE: Final = "aws:sqs/queue:Queue"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"

TOPIC_CLOSED: Final = rule(
    per_document("policy", test=public),
    TOPIC,
    TOPIC_POLICY,
    name="sns-not-public",
    title="Topic policies name whom they let in",
    severity=Severity.HIGH,
    why="Everybody may read alarms, or raise false ones until nobody looks",
    fix="name principals, or narrow the statement by aws:SourceAccount",
    url="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    controls=("FSBP SNS.4",),
)
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

RULES: Final[tuple[Rule, ...]] = (TOPIC_CLOSED, QUEUE_CLOSED)
