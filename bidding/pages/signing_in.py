"""Sign in with an e-licence: by a code that a wallet answers, or by a key file in the browser."""

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from litestar import Request, Response, get

from bidding import scanning
from bidding.api.licence import visitor_of
from bidding.api.scanning import scan_url
from bidding.licence_trust import LicenceTrust
from kernel.web.figures import qr
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services


@dataclass(frozen=True, slots=True)
class LoginPage:
    """The context of `bidding/login.html`."""

    scans_href: str
    challenge_href: str
    verify_href: str
    audience: str
    next: str
    authorities: list[str]
    problem: None
    samples: list[Any]


@dataclass(frozen=True, slots=True)
class WalletPage:
    """The context of `bidding/wallet.html`."""

    audience: str
    doors: str
    login_href: str


@get("/bidding/login", opt=PUBLIC, include_in_schema=False)
async def login_page(request: Request[Any, Any, Any], services: Services) -> Response[str]:
    """Show where the licence signs."""
    trust: LicenceTrust | None = services.plugins.get("licences")
    page = LoginPage(
        scans_href="/api/v1/auth/licence/scans",
        challenge_href="/api/v1/auth/licence/challenge",
        verify_href="/api/v1/auth/licence",
        audience=services.site.base_url,
        next="/b",
        authorities=[_name(root) for root in trust.known_roots()] if trust is not None else [],
        problem=None,
        samples=[],
    )
    return render_page(request, "bidding/login.html", {"page": page}, nav="")


def _name(root: x509.Certificate) -> str:
    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "—"


@get("/bidding/login/scans/{name:str}", opt=PUBLIC, include_in_schema=False)
async def scan_image(request: Request[Any, Any, Any], services: Services, name: str) -> Response[bytes]:
    """Draw a code, for the browser that began it."""
    scan_id = name.removesuffix(".svg")
    async with services.db.begin_read_only() as tx:
        await scanning.look_at_scan(tx, scan_id, visitor_of(request))
    picture = qr(scan_url(services, scan_id), title="登录二维码")
    return Response(picture.encode(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@get("/wallet", opt=PUBLIC, include_in_schema=False)
async def wallet_page(request: Request[Any, Any, Any], services: Services) -> Response[str]:
    """Show the page that acts as the holder's phone. It talks to the platform by the public protocol only."""
    page = WalletPage(audience=services.site.base_url, doors="/api/v1/wallet/scans", login_href="/bidding/login")
    return render_page(request, "bidding/wallet.html", {"page": page}, nav="")


HANDLERS = [login_page, scan_image, wallet_page]
