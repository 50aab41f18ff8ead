"""Trusted proxies: a front end's own server, or a CDN, that passes on who its client is.

Behind one, all users would share its address, and so the limits of one client. A request with a valid `X-Proxy-Key` is
attributed to the address in `X-Proxy-Client-IP` and the user agent in `X-Proxy-User-Agent`. Without one, both are
ignored, and so is `X-Forwarded-For` always: a browser can send any header.
"""

from ipaddress import IPv6Address, ip_address

from shared.core import logs, metrics
from shared.web.request import Request


def identify_client(request: Request) -> None:
    """Attribute the request to the proxy's client, if a proxy with a valid key has sent it.

    `X-Proxy-User-Agent`, if it is sent, is taken over in any case. If the proxy names no address, or not exactly one,
    the address stays the proxy's own.
    """
    key = request.headers.get("x-proxy-key")
    if key is None:
        return
    from shared.records import proxy_keys  # noqa: PLC0415  # most requests come without a proxy

    if not proxy_keys.is_valid(key):
        metrics.count("WrongProxyKeys")
        return
    request.user_agent = request.headers.get("x-proxy-user-agent", request.user_agent)
    address = _address(request.headers.get("x-proxy-client-ip", ""))
    if address is None:
        logs.logger.warning("X-Proxy-Client-IP is not exactly one address")
    else:
        request.ip = address


def _address(text: str) -> str | None:
    """Return the normalized address (RFC 5952; IPv4 also if it is mapped to IPv6), or None if the text is not one.

    With a port or a zone it is not one.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        address = address.ipv4_mapped or address
    return str(address)
