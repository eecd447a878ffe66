"""A certificate that proves itself in DNS, and renews itself there."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Arguments of `Certificate`; `zone_id` is the Route 53 public zone of `domain`."""

    domain: str
    zone_id: str


class Certificate(Component):
    """An ACM certificate for one domain, and the record by which ACM validates and renews it.

    ACM asks for one and the same record for a domain in an account, so stacks that share a domain
    share the record: each may overwrite it, with what it already says, and none removes it, or
    the certificates of the others could not be renewed.
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """

    token = "perpetual:ecs:Certificate"

    arn: pulumi.Output[str]
    """ARN of the certificate, known once it is issued: a listener accepts no other."""

    def __init__(
        self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Request the certificate, publish its record and wait until it is issued."""
        super().__init__(name, opts)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain,
            validation_method="DNS",
            opts=self._child(),
        )
        record = self._create_record(name, args, certificate)
        validation = aws.acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=self._child(),
        )

        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _create_record(
        self, name: str, args: CertificateArgs, certificate: aws.acm.Certificate
    ) -> aws.route53.Record:
        # One domain, one option; the list itself is unknown until ACM has answered.
        options = certificate.domain_validation_options
        return aws.route53.Record(
            f"{name}-validation-record",
            zone_id=args.zone_id,
            name=options.apply(lambda found: found[0].resource_record_name or ""),
            type=options.apply(lambda found: found[0].resource_record_type or ""),
            records=[options.apply(lambda found: found[0].resource_record_value or "")],
            ttl=300,
            allow_overwrite=True,
            opts=self._child(retain_on_delete=True),
        )
