"""Errors of key pairs."""

from skerry.kernel.errors import AwsError


class KeyPairNotFound(AwsError):
    code = "InvalidKeyPair.NotFound"
    text = "The key pair '{id}' does not exist"


class KeyPairExists(AwsError):
    code = "InvalidKeyPair.Duplicate"
    text = "The keypair already exists"


class KeyFormatInvalid(AwsError):
    code = "InvalidKey.Format"
    text = "Key is not in valid OpenSSH public key format"


class KeyIdMalformed(AwsError):
    code = "InvalidKeyPairID.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'
