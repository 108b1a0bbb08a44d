"""What an EKS cluster does with a token: it asks STS, which works the signature out anew.

Written from the AWS documentation of Signature Version 4 (IAM user guide, Create a signed AWS API
request), not from the SDK that signs.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from auditor.simulator.identities import Identity


class TokenRefusedError(Exception):
    """No token that STS would take."""


def verified(
    token: str, cluster: str, secrets: Mapping[str, tuple[str, str]], lifetime: timedelta
) -> str:
    """Give the account that signed a token for a cluster."""
    if not token.startswith("k8s-aws-v1."):
        raise TokenRefusedError("prefix")
    text = token.removeprefix("k8s-aws-v1.")
    if "=" in text:
        raise TokenRefusedError("padding")
    url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    query = dict(parse_qsl(url.query, strict_parsing=True))
    key, day, region, service, _ = query["X-Amz-Credential"].split("/")
    if (url.scheme, url.hostname) != ("https", f"sts.{region}.amazonaws.com"):
        raise TokenRefusedError("not the regional STS")
    if query["Action"] != "GetCallerIdentity" or service != "sts":
        raise TokenRefusedError("not GetCallerIdentity")
    if "x-k8s-aws-id" not in query["X-Amz-SignedHeaders"].split(";"):
        raise TokenRefusedError("the cluster's name is not signed")
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if datetime.now(UTC) - signed_at > lifetime:
        raise TokenRefusedError("too old")
    signature = query.pop("X-Amz-Signature")
    headers = {"host": url.hostname or "", "x-k8s-aws-id": cluster}
    canonical = "\n".join(
        (
            "GET",
            url.path,
            "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(query.items())),
            *(f"{name}:{value}" for name, value in sorted(headers.items())),
            "",
            query["X-Amz-SignedHeaders"],
            hashlib.sha256(b"").hexdigest(),
        )
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    wanted = "\n".join(
        (
            "AWS4-HMAC-SHA256",
            query["X-Amz-Date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    secret, account = secrets[key]
    chain = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        chain = hmac.digest(chain, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(chain, wanted.encode(), "sha256").hex(), signature):
        raise TokenRefusedError("signature")
    return account


class SignedTokens(Mapping[str, Identity]):
    """Stands for the tokens of one simulated cluster: each is verified when it is shown."""

    def __init__(
        self,
        cluster: str,
        identity: Identity,
        secrets: Mapping[str, tuple[str, str]],
        lifetime: timedelta = timedelta(minutes=15),
    ) -> None:
        self.accepted: set[str] = set()
        self.refused = 0
        self._cluster = cluster
        self._identity = identity
        self._secrets = secrets
        self._lifetime = lifetime

    def __getitem__(self, token: str) -> Identity:
        try:
            verified(token, self._cluster, self._secrets, self._lifetime)
        except TokenRefusedError:
            self.refused += 1
            raise KeyError(token) from None
        self.accepted.add(token)
        return self._identity

    def __iter__(self) -> Iterator[str]:
        return iter(self.accepted)

    def __len__(self) -> int:
        return len(self.accepted)
