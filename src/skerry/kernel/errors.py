"""The one exception that reaches a client. A service declares each of its errors once, in three lines."""

from typing import ClassVar


class AwsError(Exception):
    """An answer of AWS's own shape: a code, a sentence that says what to do, an HTTP status.

    Subclasses set ``code`` and ``text``; the keyword arguments fill the braces in ``text``.
    """

    code: ClassVar[str]
    text: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        self.message = self.text.format(**fields)
        super().__init__(f"{self.code}: {self.message}")


class InvalidParameterValue(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({value}) for parameter {name} is invalid. {why}"


class InvalidParameterCombination(AwsError):
    code = "InvalidParameterCombination"
    text = "{why}"


class MissingParameter(AwsError):
    code = "MissingParameter"
    text = "The request must contain the parameter {name}"


class OperationNotPermitted(AwsError):
    code = "OperationNotPermitted"
    text = "{why}"


class UnsupportedOperation(AwsError):
    code = "UnsupportedOperation"
    text = "{why}"
