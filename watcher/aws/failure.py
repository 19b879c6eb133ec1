"""A botocore client's failed call in one description for all adapters: kind, text and fix."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore import exceptions as boto

from watcher.aws.error_codes import PASSING, Kind, Meaning, bare_code, kind_of_status, meaning_of
from watcher.aws.errors import NO_CREDENTIALS, UNREADABLE, one_line
from watcher.util.machine_faults import machine_fault

CREDENTIAL_OPERATIONS = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "CreateOAuth2Token",
        "CreateToken",
        "GetRoleCredentials",
    }
)
"""Calls made by botocore's credential sources (STS, SSO, sign-in), not by the adapter."""

CREDENTIALS_FIX = "check aws.profile and where the credentials come from"
_ROLE_FIX = "check aws.profile, where the credentials come from, and the trust policy of the role"
_CHECK_NETWORK = "check the network, {endpoint}"
_LOCAL: tuple[tuple[Any, Kind, str], ...] = (
    (NO_CREDENTIALS, Kind.NO_CREDENTIALS, CREDENTIALS_FIX),
    (boto.ParamValidationError, Kind.BAD_PARAMETERS, "{service} rejects the request"),
    (boto.SSLError, Kind.TLS, "set aws.ca_bundle to the CA that signed the endpoint's certificate"),
    (boto.ProxyConnectionError, Kind.PROXY, "check HTTPS_PROXY and NO_PROXY, and the network"),
    (boto.ConnectTimeoutError, Kind.CONNECT_TIMED_OUT, _CHECK_NETWORK),
    (boto.ReadTimeoutError, Kind.TIMED_OUT, _CHECK_NETWORK),
    (
        (boto.ConnectionClosedError, boto.IncompleteReadError, boto.ResponseStreamingError),
        Kind.CUT_OFF,
        _CHECK_NETWORK,
    ),
    (UNREADABLE, Kind.UNREADABLE, "check {endpoint}: the endpoint did not answer as {service}"),
    ((boto.ConnectionError, boto.HTTPClientError), Kind.UNREACHABLE, _CHECK_NETWORK),
)
"""botocore's own exceptions. The order matters: most of its network classes are also ConnectionErrors."""

_DENIED = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_ABOUT_SIZE = re.compile(
    r"Too(Long|Large)|\b(too long|too large|longer|shorter|size|bytes|exceeds?|over the limit)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Service:
    """What the texts need to know about a service, in terms of the adapter's settings.

    `endpoint` and `region`: the settings that say where it is. `resource`: what is called, empty for the whole
    service. `policy_hint` ends the fix for a missing permission; `if_missing` is the fix for a missing resource.
    `codes`: those with a special meaning here.
    """

    name: str
    endpoint: str
    resource: str = ""
    region: str = "aws.region"
    policy_hint: str = ""
    if_missing: str = ""
    codes: Mapping[str, Meaning] = field(default_factory=dict)

    def fix(self, template: str) -> str:
        """A fix from the table in this service's terms."""
        resource = self.resource or "service"
        return template.format(service=self.name, endpoint=self.endpoint, region=self.region, resource=resource)

    def allow(self, action: str, message: str) -> str:
        """The fix for a missing permission: the one that AWS's message names, else `action`."""
        named = _DENIED.search(message)  # the missing one may be KMS's
        action = named[1] if named else action
        if action.startswith("kms:"):
            return f"allow {action} on the {self.resource or 'service'}'s key in the role's policy"
        on = f" on this {self.resource}" if self.resource else ""
        return f"allow {action}{on} in the role's policy{self.policy_hint}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call: `text` is one line without secrets, `fix` what to do (empty: nothing), `code` the service's.

    `status` is the HTTP status, 0 if there was none.
    """

    kind: Kind
    text: str
    fix: str = ""
    code: str = ""
    status: int = 0

    @property
    def passing_kind(self) -> Kind | None:
        """The kind, if the same call may succeed later; the HTTP status can say so too, whatever the code."""
        return self.kind if self.kind in PASSING else kind_of_status(self.status)

    def __str__(self) -> str:
        """The text with the fix."""
        return f"{self.text}; {self.fix}" if self.fix else self.text


def failure_of(error: BaseException, service: Service, action: str) -> Failure:
    """Describe what a call raised. `action`: the IAM action that the call needs."""
    if isinstance(error, boto.ClientError):
        return _answered(error, service, action)
    if fault := machine_fault(error):
        return Failure(Kind.UNREACHABLE, f"this machine: {fault}")
    for classes, kind, fix in _LOCAL:
        if isinstance(error, classes):
            return Failure(kind, one_line(error).rstrip("."), service.fix(fix))
    return Failure(Kind.UNEXPECTED, one_line(error))


def failure_of_code(code: object, given: object, service: Service, action: str, status: int = 0) -> Failure:
    """Describe a service's code, for a whole call or for one entry in a batch's answer."""
    code, message = bare_code(one_line(code or "")), one_line(given or "").rstrip(".")
    if not code or code.isdecimal():  # botocore uses the HTTP status if a body has no code
        status = status or int(code or 0)
        return _without_code(status, service)
    meaning = service.codes.get(code) or meaning_of(code)
    fix = service.fix(meaning.fix)
    if meaning.kind is Kind.DENIED and not fix:
        fix = service.allow(action, message)
    if meaning.kind is Kind.MISSING and not fix:
        fix = service.if_missing
    kind = meaning.kind
    if kind is Kind.UNKNOWN:
        kind = kind_of_status(status) or kind
    if kind is Kind.INVALID and _ABOUT_SIZE.search(f"{code} {given}"):
        kind = Kind.TOO_LARGE
    return Failure(kind, f"{code}: {message}" if message else code, fix, code, status)


def _without_code(status: int, service: Service) -> Failure:
    what = f"HTTP {status}" if status else "an error"
    kind = kind_of_status(status) or (Kind.TOO_LARGE if status == _TOO_LARGE else Kind.NOT_THE_API)
    fix = service.fix("a proxy's? Check {endpoint}")
    return Failure(kind, f"{what} without an error code of the API", fix, status=status)


def _answered(error: Any, service: Service, action: str) -> Failure:
    found = error.response.get("Error", {})
    if error.operation_name in CREDENTIAL_OPERATIONS:
        code = one_line(found.get("Code") or "no code")
        text = f"no AWS credentials: {error.operation_name} was refused with {code}"
        return Failure(Kind.NO_CREDENTIALS, text, _ROLE_FIX)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return failure_of_code(found.get("Code"), found.get("Message"), service, action, status)
