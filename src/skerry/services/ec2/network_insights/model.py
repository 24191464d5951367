"""Reachability Analyzer: paths to analyse, and what analyses found.

https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from skerry.kernel.db import Base, Owned


class Status(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class NetworkInsightsPath(Owned, Base):
    """Which packets are meant: from where, to where, and what is in them."""

    __tablename__ = "network_insights_path"

    id: Mapped[str] = mapped_column(primary_key=True)  # nip-…
    source: Mapped[str]  # id of an instance, interface, gateway …
    destination: Mapped[str | None]
    source_ip: Mapped[str | None]
    destination_ip: Mapped[str | None]
    protocol: Mapped[str]  # "tcp" | "udp"
    destination_port: Mapped[int | None]
    filter_at_source: Mapped[dict[str, Any]]  # as in requests; empty: none
    filter_at_destination: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class NetworkInsightsAnalysis(Owned, Base):
    """What was found is kept as responses show it: it tells of then, whatever became of the components."""

    __tablename__ = "network_insights_analysis"

    id: Mapped[str] = mapped_column(primary_key=True)  # nia-…
    path_id: Mapped[str] = mapped_column(ForeignKey("network_insights_path.id"), index=True)
    filter_in_arns: Mapped[list[str]]
    filter_out_arns: Mapped[list[str]]
    started_at: Mapped[datetime]
    # observed
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    warning: Mapped[str | None]
    found: Mapped[bool | None]
    forward: Mapped[list[dict[str, Any]]]  # PathComponent
    back: Mapped[list[dict[str, Any]]]
    explanations: Mapped[list[dict[str, Any]]]
    suggested_accounts: Mapped[list[str]]

    @property
    def status(self) -> Status:
        if self.finished_at is None:
            return Status.RUNNING
        return Status.SUCCEEDED if self.failure is None else Status.FAILED
