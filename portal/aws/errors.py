"""What a failed call means: known not to have happened, or unknown. One table, from botocore's exceptions.

Source of the rule: a request that never left, or that AWS answered with 4xx, did nothing; a request without an answer, or
answered with 5xx, may have taken effect.
"""

from typing import Any

from botocore import exceptions

# Failures before anything was sent.
_NOT_SENT = (
    exceptions.ParamValidationError,
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.NoRegionError,
    exceptions.UnknownServiceError,
    exceptions.EndpointConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyConnectionError,
    exceptions.SSLError,
    exceptions.InvalidRegionError,
)


class AwsError(Exception):
    """A call failed. `is_unknown`: it was sent and may have happened. `code` is AWS's own, or the exception's name.

    `has_answer`: AWS said so itself, so nothing of this call is still on its way.
    """

    def __init__(self, message: str, *, code: str, is_unknown: bool = False, answer: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.is_unknown = is_unknown
        self.answer = answer
        self.has_answer = answer is not None


def explain(error: Exception, service: str, operation: str, region: str) -> AwsError:
    """Turn what botocore raised into one of ours, with a sentence naming the call, the Region and AWS's own words.

    botocore's parser error (an answer that cannot be read) is a plain `Exception`: it counts as unknown.
    """
    where = f"{service}:{operation} in {region}"
    if isinstance(error, exceptions.ClientError):
        said: dict[str, Any] = error.response.get("Error", {})
        meta: dict[str, Any] = error.response.get("ResponseMetadata", {})
        status = int(meta.get("HTTPStatusCode", 0) or 0)
        code = str(said.get("Code", status))
        words = str(said.get("Message") or "no message").rstrip()
        stop = "" if words.endswith((".", "!", "?")) else "."  # AWS ends some of its sentences and not others
        message = f"{where} answered {code} (HTTP {status}): {words}{stop} Request id: {meta.get('RequestId', 'none')}."
        return AwsError(message, code=code, is_unknown=status >= 500 and status != 501, answer=said)
    name = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return AwsError(f"{where} was not sent: {error}", code=name)
    return AwsError(f"{where} was sent but no usable answer came ({name}: {error}).", code=name, is_unknown=True)
