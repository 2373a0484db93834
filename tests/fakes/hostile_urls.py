"""URLs that lead to inner addresses, however they are spelled, and resolvers that do."""

from collections.abc import Sequence
from ipaddress import ip_address

from repomill.apis.addresses import LookUp, look_up
from repomill.apis.source import host_of

HOSTILE = [
    # loopback, in every spelling that the system's resolver knows
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://017700000001/",
    "http://127.0.0.1:80/",
    "http://127.255.255.254/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://user:pass@127.0.0.1/",
    "http://public.test@127.0.0.1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:0:0:0:0:80ff:fffe]/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    # nowhere, everybody
    "http://0/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://255.255.255.255/",
    "http://224.0.0.1/",
    "http://[ff02::1]/",
    # inner networks
    "http://10.0.0.1/",
    "http://10.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://3232235521/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[2002:0a00:1::]/",
    # metadata services
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
]


def leads_to(*answers: Sequence[str]) -> LookUp:
    """Return a resolver that gives these answers in turn, the last one for ever."""
    waiting = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


def leads_where(url: str) -> LookUp:
    """Return a resolver that sends every name where this URL leads."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return await look_up(host_of(url), port)

    return resolve


def hosts_for(url: str) -> tuple[str, ...]:
    """Return the allow-list that helps a URL most: its own host, but where naming that means the inner address."""
    host = host_of(url)
    return ("public.test",) if is_outspoken(host) else ("public.test", host)


def is_outspoken(host: str) -> bool:
    """Tell whether a host says by itself that it is an address, or this machine."""
    try:
        ip_address(host)
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
    return True
