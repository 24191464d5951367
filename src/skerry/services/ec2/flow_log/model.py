"""Flow logs: whose connections are told of, in which words, and to where."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class FlowLog(Owned, Base):
    __tablename__ = "flow_log"

    id: Mapped[str] = mapped_column(primary_key=True)  # fl-…
    resource_id: Mapped[str] = mapped_column(index=True)  # vpc-…, subnet-… or eni-…
    vpc_id: Mapped[str] = mapped_column(index=True)  # the resource, or where it is
    traffic_type: Mapped[str]  # "ACCEPT", "REJECT" or "ALL"
    destination: Mapped[str]  # arn:aws:s3:::bucket[/folder/]
    format: Mapped[str]
    interval_s: Mapped[int]
    hive: Mapped[bool]  # folders named as Apache Hive has them
    per_hour: Mapped[bool]  # a folder for each hour
    created_at: Mapped[datetime]
    failure: Mapped[str | None]  # observed: why the last delivery failed
