"""The VPC's resolver (AmazonProvidedDNS): own names from the rows, everything else from the host's resolvers."""

import logging
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from skerry.host.forwarding import UDP_BYTES, Forwarder, Upstreams
from skerry.host.limits import Turns
from skerry.kernel.db import Database
from skerry.kernel.region import Region
from skerry.services.ec2.metadata.names import Known, known_name, resolves

log = logging.getLogger(__name__)

TTL_S = 60
HEADER_BYTES = 12


@dataclass(frozen=True, slots=True)
class NameSource:
    """Where names come from."""

    database: Database
    region: Region
    upstreams: Upstreams


class VpcResolver:
    """Answers the questions of one VPC."""

    def __init__(self, source: NameSource, vpc_id: str, turns: Turns) -> None:
        self._source = source
        self._vpc_id = vpc_id
        self._turns = turns
        self._forwarder = Forwarder(source.upstreams)

    async def answer(self, wire: bytes) -> dns.message.Message | None:
        """The answer to a guest's message; None for what deserves none."""
        if len(wire) < HEADER_BYTES or wire[2] & 0x80:  # no message, or no question
            return None
        if (wire[2] >> 3) & 15 != dns.opcode.QUERY:
            return _header_only(wire, dns.rcode.NOTIMP)
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return _header_only(wire, dns.rcode.FORMERR)
        return await self._respond(query)

    async def _respond(self, query: dns.message.Message) -> dns.message.Message:
        rcode = _refusal(query)
        known = None if rcode else await self._turns.read(self._look_up, query.question[0])
        response = dns.message.make_response(query, recursion_available=True, our_payload=UDP_BYTES)
        if rcode or known is False:
            response.set_rcode(rcode or dns.rcode.REFUSED)
        elif known is None:
            await self._forwarder.fill(query, response)
        else:
            fill_known(response, cast("Known", known))
        return response

    def _look_up(self, question: dns.rrset.RRset) -> Known | bool | None:
        """False: this VPC has no resolver."""
        name = question.name.to_text(omit_final_dot=True).lower()
        with self._source.database.read(None) as session:
            if not resolves(session, self._vpc_id):
                return False
            return known_name(session, self._source.region, self._vpc_id, name)


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode | None:
    """Why a query is not looked at; transfers of zones and other classes than IN are not for guests."""
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    if query.edns > 0:
        return dns.rcode.BADVERS
    question = query.question[0]
    is_odd = dns.rdatatype.is_metatype(question.rdtype) and question.rdtype != dns.rdatatype.ANY
    return dns.rcode.REFUSED if is_odd or question.rdclass != dns.rdataclass.IN else None


def _header_only(wire: bytes, rcode: dns.rcode.Rcode) -> dns.message.Message:
    """An answer to a message that was not read further than its id and opcode."""
    response = dns.message.Message(id=int.from_bytes(wire[:2]))
    response.flags |= dns.flags.QR
    response.set_opcode(dns.opcode.from_flags(int.from_bytes(wire[2:4])))
    response.set_rcode(rcode)
    return response


def fill_known(response: dns.message.Message, known: Known) -> None:
    """Complete the response for a name that is the VPC's own."""
    response.flags |= dns.flags.AA
    question = response.question[0]
    if known.value is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype in (dns.rdatatype.from_text(known.kind), dns.rdatatype.ANY):
        values = (f"{known.value}.",) if known.kind == "PTR" else (known.value, *known.others)
        response.answer.append(
            dns.rrset.from_text(question.name, TTL_S, question.rdclass, known.kind, *values)
        )
