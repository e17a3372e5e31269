"""Sign in with an e-licence: the key signs in the browser (login.js)."""

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from litestar import Request, Response, get

from bidding.licence_trust import LicenceTrust
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services


@dataclass(frozen=True, slots=True)
class LoginPage:
    """The context of `bidding/login.html`."""

    challenge_href: str
    verify_href: str
    audience: str
    next: str
    authorities: list[str]
    problem: None
    samples: list[Any]


@get("/bidding/login", opt=PUBLIC, include_in_schema=False)
async def login_page(request: Request[Any, Any, Any], services: Services) -> Response[str]:
    """Show where the licence signs."""
    trust: LicenceTrust | None = services.plugins.get("licences")
    page = LoginPage(
        challenge_href="/api/v1/auth/licence/challenge",
        verify_href="/api/v1/auth/licence",
        audience=services.site.base_url,
        next="/b",
        authorities=[_name(root) for root in trust.roots] if trust is not None else [],
        problem=None,
        samples=[],
    )
    return render_page(request, "bidding/login.html", {"page": page}, nav="")


def _name(root: x509.Certificate) -> str:
    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "—"


HANDLERS = [login_page]
