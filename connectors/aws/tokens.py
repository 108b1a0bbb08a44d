"""Tokens for the API of an EKS cluster, made here: no call, no AWS CLI.

A token is the presigned URL of `sts:GetCallerIdentity`, signed together with the cluster's name;
the cluster asks STS with it who we are (aws-iam-authenticator, How does it work; AWS CLI, eks
get-token). A cluster takes one for 15 minutes after it was signed.
"""

import asyncio
import base64
import time

from botocore import exceptions as boto
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from auditor.model.cluster import Credential, SourceError
from connectors.aws.refusals import refused
from connectors.aws.sessions import Session
from connectors.shortfalls import CallError

RENEW_AFTER_SECONDS = 600.0
"""How long a token is given out: with the 15 minutes that clusters take it for, each that is given
out has five minutes left."""

_URL_SECONDS = 60
"""`X-Amz-Expires`, as the AWS CLI signs it; the clusters count from the signing."""

_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"


class EksTokens:
    """Gives tokens for one cluster."""

    def __init__(self, session: Session, region: str, cluster: str) -> None:
        """Sign with a session's credentials; `cluster` is its name, on Outposts its id."""
        self._session = session
        self._region = region
        self._cluster = cluster
        self._making = asyncio.Lock()
        self._kept: Credential | None = None
        self._made_at = 0.0

    async def credential(self, *, renew: bool) -> Credential:
        """Give the kept token, or make one.

        Raises:
            SourceError: the credentials of the account cannot be renewed.
        """
        async with self._making:
            is_late = time.monotonic() - self._made_at > RENEW_AFTER_SECONDS
            if self._kept is None or renew or is_late:
                made_at = time.monotonic()
                self._kept = Credential(token=await asyncio.to_thread(self._make))
                self._made_at = made_at
            return self._kept

    def _make(self) -> str:
        try:
            host = self._session.sts_host(self._region)
            request = AWSRequest(
                "GET",
                f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15",
                headers={_CLUSTER_HEADER: self._cluster},
            )
            signer = SigV4QueryAuth(self._session.frozen(), "sts", self._region, _URL_SECONDS)
            signer.add_auth(request)
        except CallError as error:
            raise SourceError(f"no token for the cluster: {error}") from None
        except boto.BotoCoreError as error:
            raise SourceError(f"no token: {refused(error, 'sts:GetCallerIdentity')}") from None
        encoded = base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")
        return f"{_PREFIX}{encoded}"
