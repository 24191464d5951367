"""Errors as each protocol sends them."""

from typing import Any

from skerry.kernel.errors import AwsError
from skerry.wire.http import HttpResponse
from skerry.wire.models import Operation, ServiceModel, Shape
from skerry.wire.serialize.cbor import generic
from skerry.wire.serialize.json import dumps
from skerry.wire.serialize.values import JsonCompiler
from skerry.wire.serialize.xml import HEADER, XmlCompiler, escape

_SERVER_FAULT = 500


class Fault:
    """The errors of one service in one protocol; what is not known yet of a request is None.

    An error that the service's model declares, by shape name or by code, carries the model's
    HTTP status, code and members; any other goes out as it is.
    """

    def __init__(
        self, protocol: str, service: ServiceModel | None, operation: Operation | None = None
    ) -> None:
        self._protocol = protocol
        self._service = service
        self._operation = operation

    def serialize(self, error: AwsError, request_id: str) -> HttpResponse:
        shape = self._declared(error.code)
        answer = self._write(error, shape, request_id)
        answer.headers.append((self._request_id_header, request_id))
        answer.status = _status(error, shape)
        return answer

    def _declared(self, code: str) -> Shape | None:
        # Two of a service's exceptions may share a code; the operation's own is meant.
        for shape in self._operation.exceptions if self._operation is not None else ():
            if code in (shape.name, shape.error_code):
                return shape
        return self._service.exceptions.get(code) if self._service is not None else None

    @property
    def _request_id_header(self) -> str:
        is_s3 = self._service is not None and self._service.name == "s3"
        return "x-amz-request-id" if is_s3 else "x-amzn-requestid"

    def _write(self, error: AwsError, shape: Shape | None, request_id: str) -> HttpResponse:
        match self._protocol:
            case "ec2":
                return _xml(_ec2(error, request_id), "text/xml;charset=UTF-8")
            case "query":
                return _xml(self._error_response(error, shape, request_id), "text/xml")
            case "rest-xml" if self._request_id_header == "x-amz-request-id":
                return _xml(_s3(error, request_id), "application/xml")
            case "rest-xml":
                return _xml(self._error_response(error, shape, request_id), "text/xml")
            case _:
                return self._json(error, shape)

    def _error_response(self, error: AwsError, shape: Shape | None, request_id: str) -> str:
        metadata = self._service.metadata if self._service else {}
        namespace = metadata.get("xmlNamespace", "")
        attribute = f' xmlns="{escape(namespace)}"' if namespace else ""
        code = shape.error_code if shape is not None else error.code
        parts: list[str] = []
        if shape is not None:
            XmlCompiler(strict=False).content(shape)(_modelled(error, shape), parts.append)
        return (
            f"<ErrorResponse{attribute}><Error><Type>{_fault_type(_status(error, shape))}</Type>"
            f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>"
            f"{''.join(parts)}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )

    def _json(self, error: AwsError, shape: Shape | None) -> HttpResponse:
        """JSON's error, and CBOR's, which differs in its encoding only."""
        name = shape.name if shape is not None else error.code
        message = _message_member(shape)
        document: dict[str, Any] = {"__type": name, message: error.message}
        if shape is not None:
            members = JsonCompiler(strict=False).body(shape)(_modelled(error, shape))
            document = document | members
        headers = [("x-amzn-errortype", name)]
        if self._service is not None and "awsQueryCompatible" in self._service.metadata:
            code = shape.error_code if shape is not None else error.code
            headers.append(("x-amzn-query-error", f"{code};{_fault_type(_status(error, shape))}"))
        if self._protocol == "smithy-rpc-v2-cbor":
            headers += [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")]
            return HttpResponse(400, headers, generic(document))
        headers.append(("content-type", self._json_type))
        return HttpResponse(400, headers, dumps(document))

    @property
    def _json_type(self) -> str:
        if self._protocol == "rest-json" or self._service is None:
            return "application/json"
        return f"application/x-amz-json-{self._service.metadata.get('jsonVersion', '1.0')}"


def _status(error: AwsError, shape: Shape | None) -> int:
    modelled = shape.traits.get("error", {}).get("httpStatusCode") if shape is not None else None
    return int(modelled or error.status)


def _fault_type(status: int) -> str:
    return "Receiver" if status >= _SERVER_FAULT else "Sender"


def _message_member(shape: Shape | None) -> str:
    names = [name for name, _ in shape.members] if shape is not None else []
    return "Message" if "Message" in names else "message"


def _modelled(error: AwsError, shape: Shape) -> dict[str, Any]:
    """The error's members apart from its message, which has a place of its own."""
    names = {name for name, _ in shape.members if name.lower() != "message"}
    return {name: value for name, value in error.fields.items() if name in names}


def _ec2(error: AwsError, request_id: str) -> str:
    return (
        f"<Response><Errors><Error><Code>{escape(error.code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def _s3(error: AwsError, request_id: str) -> str:
    return (
        f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"<RequestId>{request_id}</RequestId></Error>"
    )


def _xml(text: str, content_type: str) -> HttpResponse:
    return HttpResponse(400, [("content-type", content_type)], f"{HEADER}{text}".encode())
