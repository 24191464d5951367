"""What a VPC does not know itself is asked of the host's own resolvers, and remembered while it is true."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

UPSTREAM_S = 3.0
MAX_ASKING = 128  # questions of one VPC at a time
REMEMBERED = 512  # answers of one VPC
MAX_TTL_S = 3600
UDP_BYTES = 1232  # fits every network unfragmented (https://www.dnsflagday.net/2020/)
_PASSED_ON = dns.flags.AD | dns.flags.CD
RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(slots=True)
class Upstreams:
    """The host's own resolvers, read anew when their file changes."""

    resolv_conf: Path = RESOLV_CONF
    port: int = 53
    _changed_ns: int = 0
    _known: list[str] = field(default_factory=list[str])

    def addresses(self) -> list[str]:
        try:
            changed_ns = self.resolv_conf.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                resolver = dns.resolver.Resolver(str(self.resolv_conf))
                self._known = [str(each) for each in resolver.nameservers]
                self._changed_ns = changed_ns
        except (OSError, dns.exception.DNSException):
            return []
        return self._known


class Forwarder:
    """Asks for one VPC."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._asking = asyncio.Semaphore(MAX_ASKING)
        self._remembered = dns.resolver.LRUCache(REMEMBERED)

    async def fill(self, query: dns.message.Message, response: dns.message.Message) -> None:
        """Complete the response to a guest's query; SERVFAIL when nobody can be asked."""
        found = await self._find(query)
        if found is None:
            response.set_rcode(dns.rcode.SERVFAIL)
            return
        message, age_s = found
        response.set_rcode(message.rcode())
        response.flags |= message.flags & _PASSED_ON
        response.answer = _aged(message.answer, age_s)
        response.authority = _aged(message.authority, age_s)
        response.additional = _aged(message.additional, age_s)

    async def _find(self, query: dns.message.Message) -> tuple[dns.message.Message, int] | None:
        """An answer and its age. Those with signatures are not remembered: few ask for them."""
        question = query.question[0]
        key = (question.name, question.rdtype, question.rdclass)
        is_plain = not query.ednsflags & dns.flags.DO and not query.flags & _PASSED_ON
        known = self._remembered.get(key) if is_plain else None
        if known is not None:
            left_s = known.expiration - time.time()
            return known.response, max(0, int(known.chaining_result.minimum_ttl - left_s))
        if self._asking.locked():
            return None
        async with self._asking:
            found = await self._ask(query)
        if found is None:
            return None
        message, was_too_long = found
        if is_plain and not was_too_long:
            self._remember(key, message)
        return message, 0

    async def _ask(self, query: dns.message.Message) -> tuple[dns.message.Message, bool] | None:
        """In our own words: what else the guest put into its message, and its id, stay here."""
        question = query.question[0]
        asked = dns.message.make_query(
            question.name,
            question.rdtype,
            use_edns=0 if query.edns >= 0 else False,
            ednsflags=query.ednsflags & dns.flags.DO if query.edns >= 0 else None,
            payload=UDP_BYTES if query.edns >= 0 else None,
            flags=dns.flags.RD | query.flags & _PASSED_ON,
        )
        for upstream in self._upstreams.addresses():
            try:
                return await dns.asyncquery.udp_with_fallback(
                    asked,
                    upstream,
                    timeout=UPSTREAM_S,
                    port=self._upstreams.port,
                    ignore_unexpected=True,
                    ignore_errors=True,
                )
            except (OSError, dns.exception.DNSException):
                continue
        return None

    def _remember(self, key: dns.resolver.CacheKey, message: dns.message.Message) -> None:
        if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return
        for rrset in (*message.answer, *message.authority, *message.additional):
            rrset.ttl = min(rrset.ttl, MAX_TTL_S)
        try:
            answer = dns.resolver.Answer(*key, cast("dns.message.QueryMessage", message))
        except dns.exception.DNSException:  # its parts do not fit together
            return
        self._remembered.put(key, answer)


def _aged(section: list[dns.rrset.RRset], age_s: int) -> list[dns.rrset.RRset]:
    """As much older; the remembered ones are not touched."""
    if not age_s:
        return section
    aged = [cast("dns.rrset.RRset", rrset.copy()) for rrset in section]
    for rrset in aged:
        rrset.ttl = max(0, rrset.ttl - age_s)
    return aged
