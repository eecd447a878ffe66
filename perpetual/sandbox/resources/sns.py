"""SNS: topics, their policies and subscriptions.

https://docs.aws.amazon.com/sns/latest/api/
"""

from typing import Final

from perpetual.sandbox.resources import spelling, tagging
from perpetual.sandbox.resources.cloud import Cloud
from perpetual.sandbox.resources.kind import Kind, Values, names, nothing

_SNS: Final = "sns"
_ATTRIBUTES: Final = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "signatureVersion": "SignatureVersion",
}


def _create_topic(aws: Cloud, inputs: Values) -> str:
    attributes = {
        name: spelling.text(inputs[key])
        for key, name in _ATTRIBUTES.items()
        if inputs.get(key) is not None
    }
    made = aws.call(_SNS, "create_topic", inputs, "name tagsAll", Attributes=attributes)
    return str(made["TopicArn"])


def _attributes(aws: Cloud, identifier: str) -> dict[str, str] | None:
    return aws.find(_SNS, "get_topic_attributes", "Attributes", TopicArn=identifier)


def _read_topic(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _attributes(aws, identifier)
    if found is None:
        return None
    tags = aws.call(_SNS, "list_tags_for_resource", ResourceArn=identifier)["Tags"]
    return {
        **{key: found[name] for key, name in _ATTRIBUTES.items() if found.get(name)},
        "name": identifier.rpartition(":")[2],
        "arn": identifier,
        "owner": found["Owner"],
        "policy": found.get("Policy"),
        "beginningArchiveTime": found.get("BeginningArchiveTime", ""),
        "tagsAll": tagging.read(tags),
    }


def _update_topic(aws: Cloud, identifier: str, state: Values, inputs: Values) -> None:
    for key, name in _ATTRIBUTES.items():
        if state.get(key) != inputs.get(key):
            value = spelling.text(inputs.get(key) or "")
            _set(aws, identifier, name, value)


def _set(aws: Cloud, topic: str, name: str, value: str) -> None:
    attribute = {"AttributeName": name, "AttributeValue": value}
    aws.call(_SNS, "set_topic_attributes", TopicArn=topic, **attribute)


def _delete_topic(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_SNS, "delete_topic", TopicArn=identifier)


TOPIC: Final = Kind(
    "aws:sns/topic:Topic",
    inputs=names(f"name {' '.join(_ATTRIBUTES)}"),
    outputs=names("arn beginningArchiveTime owner policy"),
    create=_create_topic,
    read=_read_topic,
    update=_update_topic,
    delete=_delete_topic,
    retag=tagging.by(_SNS, subject="id"),
    name="name",
)


def _put_policy(aws: Cloud, inputs: Values) -> str:
    _set(aws, str(inputs["arn"]), "Policy", str(inputs["policy"]))
    return str(inputs["arn"])


def _rewrite_policy(aws: Cloud, _identifier: str, _state: Values, inputs: Values) -> None:
    _put_policy(aws, inputs)


def _read_policy(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    found = _attributes(aws, identifier)
    return found and {"arn": identifier, "policy": found["Policy"], "owner": found["Owner"]}


TOPIC_POLICY: Final = Kind(
    "aws:sns/topicPolicy:TopicPolicy",
    inputs=names("arn policy"),
    outputs=names("owner"),
    create=_put_policy,
    read=_read_policy,
    update=_rewrite_policy,
    # The topic's next policy, or the topic's own end, replaces it.
    delete=nothing,
)


def _subscribe(aws: Cloud, inputs: Values) -> str:
    wanted = "topic protocol endpoint"
    made = aws.call(
        _SNS, "subscribe", inputs, wanted, {"topic": "TopicArn"}, ReturnSubscriptionArn=True
    )
    return str(made["SubscriptionArn"])


def _read_subscription(aws: Cloud, identifier: str, _state: Values) -> Values | None:
    asked = {"SubscriptionArn": identifier}
    found = aws.find(_SNS, "get_subscription_attributes", "Attributes", **asked)
    return found and {
        "topic": found["TopicArn"],
        "protocol": found["Protocol"],
        "endpoint": found["Endpoint"],
        "arn": identifier,
        "ownerId": found["Owner"],
        "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
        "pendingConfirmation": found.get("PendingConfirmation") == "true",
    }


def _unsubscribe(aws: Cloud, identifier: str, _state: Values) -> None:
    aws.call(_SNS, "unsubscribe", SubscriptionArn=identifier)


SUBSCRIPTION: Final = Kind(
    "aws:sns/topicSubscription:TopicSubscription",
    inputs=names("topic protocol endpoint"),
    outputs=names("arn confirmationWasAuthenticated ownerId pendingConfirmation"),
    create=_subscribe,
    read=_read_subscription,
    delete=_unsubscribe,
)

KINDS: Final = (TOPIC, TOPIC_POLICY, SUBSCRIPTION)
