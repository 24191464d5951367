"""Amazon Resource Names (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html)."""

PARTITION = "aws"


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """``arn:aws:service:region:account:resource``; region is empty for global services."""
    return f"arn:{PARTITION}:{service}:{region}:{account_id}:{resource}"
