# SPDX-License-Identifier: GPL-3.0-or-later
"""`github:SEARCH`: the open-licensed files of the repositories that a search on GitHub finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...catalog import Listed, Repository
from ...errors import UserError
from ..downloads import Downloads, Job
from ..fetch import Want
from ..github import large
from ..github.api import Addresses, Api
from ..github.discover import Discovery
from ..github.listing import Listing
from ..github.query import SOURCE
from ..policy import Policy
from ..reach import Reach

TOKEN = "GITHUB_TOKEN"


class Accounts:
    """Who asks GitHub here: one `Api` for each account whose token was given. A search stays with its account; a limit
    is waited for, never passed by turning to another token."""

    def __init__(self) -> None:
        self._apis: list[Api] = []

    def for_search(self, reach: Reach, number: int) -> Api:
        """Raises UserError where no token was given or one is refused, NetworkError, LimitReached."""
        if not self._apis:
            given = reach.tokens.get(TOKEN).replace(",", " ").split()
            if not given:
                raise UserError(
                    f"Searching GitHub needs a token: set {TOKEN} in the environment, a .env file or the preferences. "
                    "A fine-grained token without any permission is enough."
                )
            found: dict[str, Api] = {}
            for token in given:
                api = Api(reach, token, reach.options.github_api)
                if len(given) > 1:  # otherwise the first search tells
                    api.introduce()
                if api.principal in found:
                    reach.note(f"Two tokens belong to {api.login}: they share one budget, so one is used.")
                found.setdefault(api.principal, api)
            self._apis = list(found.values())
        return self._apis[number % len(self._apis)]

    def spent(self) -> dict[str, int]:
        """Points and requests of this run so far."""
        total = {"points": 0, "graphql": 0, "rest": 0}
        for api in self._apis:
            total = {key: total[key] + api.spent[key] for key in total}
        return total


@dataclass
class GitHub:
    """One search."""

    search: str
    number: int
    accounts: Accounts
    kind: str = "search"
    lot: str = SOURCE

    @property
    def id(self) -> str:
        return f"{SOURCE}:{self.search}"

    def discover(self, reach: Reach, policy: Policy) -> str:
        """Find repositories and list their files; a sentence about it. Raises LimitReached, UserError, NetworkError."""
        api = self.accounts.for_search(reach, self.number)
        reach.catalog.add_source(SOURCE, SOURCE, None)
        discovery = Discovery(reach, api, self.id, self.search)
        discovery.run()
        Listing(reach, api, policy).run()
        return discovery.words

    def fetch(self, reach: Reach, wanted: Iterable[tuple[Repository, Listed]], policy: Policy) -> None:
        """Bring files from raw addresses at pinned commits: no API request."""
        addresses, listing = Addresses.named(), Listing(reach, self.accounts.for_search(reach, self.number), policy)
        large_files: list[tuple[Repository, Listed]] = []

        def jobs() -> Iterator[Job]:
            for repository, file in wanted:
                if file.provenance.get("lfs"):
                    large_files.append((repository, file))
                else:
                    yield Job(repository, file, _want(addresses, repository, file, policy))
            yield from large.jobs(reach, addresses, large_files, policy.most)

        Downloads(reach, listing.again).run(jobs())


def _want(addresses: Addresses, repository: Repository, file: Listed, policy: Policy) -> Want:
    address = addresses.file(repository.name, file.provenance["commit"], file.path)
    return Want(address, file.bytes, policy.most, oid=file.oid)
