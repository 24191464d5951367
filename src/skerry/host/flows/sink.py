"""Files of flow logs, named and placed as in an S3 bucket; a bucket is a folder here.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html. When the cloud has S3, this is
where its objects are put instead.
"""

import gzip
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from skerry.services.ec2.flow_log.model import FlowLog

_ARN = "arn:aws:s3:::"


@dataclass(frozen=True, slots=True)
class FileSink:
    """``root`` holds the buckets."""

    root: Path
    region: str

    def write(self, log: FlowLog, began: datetime, lines: Iterable[str]) -> Path:
        """Deliver one interval's lines; a file is there whole or not at all. Raises OSError."""
        folder = self.root / self._folder(log, began)
        folder.mkdir(parents=True, exist_ok=True)
        stamp = began.strftime("%Y%m%dT%H%MZ")
        stem = f"{log.account_id}_vpcflowlogs_{self.region}_{log.id}_{stamp}"
        path = folder / f"{stem}_{secrets.token_hex(4)}.log.gz"
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
        draft.rename(path)
        return path

    def _folder(self, log: FlowLog, began: datetime) -> Path:
        if log.hive:
            parts = [
                f"aws-account-id={log.account_id}",
                "aws-service=vpcflowlogs",
                f"aws-region={self.region}",
                began.strftime("year=%Y/month=%m/day=%d"),
                *([began.strftime("hour=%H")] if log.per_hour else []),
            ]
        else:
            parts = [log.account_id, "vpcflowlogs", self.region, began.strftime("%Y/%m/%d")]
            parts += [began.strftime("%H")] if log.per_hour else []
        target = os.path.normpath(log.destination.removeprefix(_ARN).lstrip("/"))
        return Path(target, "AWSLogs", *parts)
