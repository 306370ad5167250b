# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon's web services, by boto3: where they are asked, as whom, and what they say instead of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from .. import tokens
from ..errors import Unavailable, UserError
from ..packages import wanted
from ..words import harmless
from .refusals import Refusal, odd, refusal, wrong_clock

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
ADDRESS = re.compile(r"https://bedrock(?:-[a-z]+)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/?")
ARN = re.compile(r"arn:aws[a-z-]*:bedrock:([a-z0-9-]+):")
ANY_REGION = "us-east-1"
"""A server of one's own wants the name of some region in each signature."""
CONNECT_S, READ_S, TRIES = 15, 120, 3
MAKE_KEYS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where there is one) in the environment or "
    "in a .env file, or name a profile in AWS_PROFILE."
)

UNKNOWN = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})
CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
CONFLICTS = frozenset({"ConflictException", "ResourceInUseException"})
BUSY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown", "ModelNotReadyException"}
)
FULL = "ServiceQuotaExceededException"


@dataclass(frozen=True)
class Place:
    """Where Amazon is asked. `endpoint` is a server of one's own that stands in for all services, '' for Amazon's."""

    url: str
    region: str
    endpoint: str = ""


def place(url: str = "", model: str = "") -> Place:
    """The place that an address names, else the region in a model's ARN, else that of the environment. Raises
    UserError."""
    if match := ADDRESS.fullmatch(url):
        return Place(url.rstrip("/"), match[1])
    found = tokens.find()
    said = next(filter(None, map(found.get, REGIONS)), "")
    if url:
        return Place(url, said or ANY_REGION, url)
    region = match[1] if (match := ARN.match(model)) else said
    if not region:
        raise UserError(
            "It is not said in which region Amazon is to be asked: set AWS_REGION, such as us-east-1, in the "
            "environment or in a .env file, or name https://bedrock.REGION.amazonaws.com as the address."
        )
    return Place(f"https://bedrock.{region}.amazonaws.com", region)


class Account:
    """Who asks, at one place: with keys from the environment or our files, else as boto3 finds them itself."""

    def __init__(self, where: Place) -> None:
        self.place = where
        boto3 = wanted("boto3")
        found = tokens.find()
        keys = [found.get(name) or None for name in KEYS]
        if not all(keys[:2]):  # a server of one's own need not know us
            keys = ["none", "none", None] if where.endpoint and not found.get("AWS_PROFILE") else [None] * 3
        try:
            self._session = boto3.Session(*keys, where.region, profile_name=found.get("AWS_PROFILE") or None)
        except import_module("botocore.exceptions").ProfileNotFound as error:
            raise Unavailable(f"{error}. It is named in AWS_PROFILE.") from error

    def client(self, service: str) -> Any:
        """boto3's client of a service: `s3`, `bedrock`, `bedrock-runtime`."""
        options = import_module("botocore.config").Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            s3={"addressing_style": "path"} if self.place.endpoint else None,
        )
        return self._session.client(service, endpoint_url=self.place.endpoint or None, config=options)

    def asking(self, what: str) -> AbstractContextManager[None]:
        """Turns what boto3 raises into a Refusal."""
        return asking(what, self.place.url)


@contextmanager
def asking(what: str, url: str) -> Iterator[None]:
    """Turns what boto3 raises, and an answer of another form, into a Refusal. `what` was wanted of `url`."""
    errors, parsing = import_module("botocore.exceptions"), import_module("botocore.parsers")
    try:
        yield
    except errors.ClientError as error:
        raise _refusal(error.response, what, url) from error
    except (
        errors.NoCredentialsError,
        errors.PartialCredentialsError,
        errors.CredentialRetrievalError,
        errors.TokenRetrievalError,
        errors.SSOError,
    ) as error:
        raise Refusal("token", f"There are no credentials for {url} ({what}): {MAKE_KEYS}", str(error)) from error
    except (errors.ParamValidationError, errors.InvalidRegionError) as error:
        raise Refusal("refused", f"{url} takes nothing like that ({what}): {harmless(error, 300)}") from error
    except errors.BotoCoreError as error:
        sentence = f"{url} could not be reached ({what}). Nothing is lost: start the same command again."
        raise Refusal("unreachable", sentence, str(error)) from error
    except (parsing.ResponseParserError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise odd(what, url, repr(error)) from error


def _refusal(response: Mapping[str, Any], what: str, url: str) -> Refusal:
    """What an error of a service means; HEAD has no body, so its error is a status alone."""
    code, detail = (str(response.get("Error", {}).get(key, "")) for key in ("Code", "Message"))
    http = response.get("ResponseMetadata", {})
    status, headers = int(http.get("HTTPStatusCode") or 0), http.get("HTTPHeaders", {})
    said = harmless(tokens.redact(detail), 300)

    def because(ours: str, sentence: str) -> Refusal:
        return Refusal(ours, f"{sentence} {said}".rstrip(), f"{code}: {detail}")

    if code in CLOCK or (code in UNKNOWN and ("expired" in detail or "not yet current" in detail)):
        sentence = f"{url} refuses what was signed by a wrong clock ({what}): set this computer's clock."
        return because("clock", f"{sentence} {wrong_clock(headers)}".rstrip())
    if code in EXPIRED:
        return because(
            "token", f"The credentials for {url} have run out ({what}): sign in again, such as by `aws sso login`."
        )
    if code in UNKNOWN:
        return because(
            "token", f"{url} does not know these credentials, or the secret is not the key's ({what}): {MAKE_KEYS}"
        )
    if code == "NoSuchBucket":
        return because("bucket", f"There is no such bucket ({what}): make it in the region of {url}.")
    if code in CONFLICTS or status == 409:
        return because("conflict", f"{url} says that this does not go with how things stand there ({what}):")
    if code == FULL:
        return because("quota", f"A quota of the account at {url} is used up ({what}): have it raised there.")
    if code in BUSY:
        return refusal(429, what, url, KEYS[0], detail, headers)
    if status == 403:
        return because(
            "forbidden",
            f"{url} does not allow this to these credentials ({what}): docs/providers.md has the permissions.",
        )
    if status == 404:
        return because("missing", f"{url} knows no such thing ({what}).")
    return refusal(status, what, url, KEYS[0], detail)
