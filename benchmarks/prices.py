"""List prices, what users are assumed to do in a month, and the resulting bill.

US dollars, region us-east-1, without free tiers except Cognito's, which does not end; a month has 730 hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.memory import gigabyte_seconds
from benchmarks.meter import Usage

MILLION = 1e6
HOURS = 730


@dataclass(frozen=True, slots=True)
class Price:
    """A price in dollars per unit; where it is published, and where and when it was read."""

    usd: float
    unit: str
    page: str
    read: str


_UNREAD = "unconfirmed, from memory"

PRICES = {
    "reads": Price(0.125, "million read units", "dynamodb/pricing/on-demand", "airbyte.com, 2025-07"),
    "writes": Price(0.625, "million write units", "dynamodb/pricing/on-demand", "airbyte.com, 2025-07"),
    "storage": Price(0.45, "GB and month, with point-in-time recovery", "dynamodb/pricing/on-demand", _UNREAD),
    "invocations": Price(0.20, "million invocations", "lambda/pricing", "AWS's page by api-evangelist, 2026-09-20"),
    "time": Price(0.0000133334, "GB-second on arm64", "lambda/pricing", "cloudchipr.com, 2024"),
    "gateway": Price(1.00, "million requests of an HTTP API", "api-gateway/pricing", "awsforengineers.com, 2025-05"),
    "transfer": Price(0.09, "GB sent to the internet", "api-gateway/pricing", "awsforengineers.com, 2025-05"),
    "logs": Price(0.50, "GB of logs", "cloudwatch/pricing", "factualminds.com, 2026-06"),
    "metrics": Price(0.30, "metric and month", "cloudwatch/pricing", "signoz.io, 2026-02"),
    "alarms": Price(0.10, "alarm and month", "cloudwatch/pricing", _UNREAD),
    "dashboards": Price(3.00, "dashboard and month", "cloudwatch/pricing", "factualminds.com, 2026-06"),
    "traces": Price(5.00, "million traces", "xray/pricing", _UNREAD),
    "secrets": Price(0.40, "secret and month", "secrets-manager/pricing", "hivebook.wiki, undated"),
    "emails": Price(
        160, "million emails, plan Essentials", "ses/pricing", "AWS's price list by api-evangelist, 2026-08-13"
    ),
    "Cognito Essentials": Price(
        0.015, "active user beyond 10,000", "cognito/pricing", "AWS's page by api-evangelist, 2026-09-20"
    ),
    "Cognito Lite": Price(
        0.0055, "active user beyond 10,000", "cognito/pricing", "AWS's page by api-evangelist, 2026-09-20"
    ),
    "t4g.small": Price(0.0168, "hour of 2 vCPUs at 20%, 2 GB", "ec2/pricing/on-demand", _UNREAD),
    "disk": Price(0.08, "GB and month", "ebs/pricing", _UNREAD),
    "address": Price(0.005, "hour of a public IPv4 address", "vpc/pricing", _UNREAD),
    "balancer": Price(0.0225, "hour of a load balancer, before traffic", "elasticloadbalancing/pricing", _UNREAD),
    "container core": Price(0.03238, "hour of a vCPU on Fargate, arm64", "fargate/pricing", "vantage.sh, undated"),
    "container memory": Price(0.00356, "hour of a GB on Fargate, arm64", "fargate/pricing", "vantage.sh, undated"),
    "db.t4g.micro": Price(0.016, "hour of PostgreSQL, 1 GB", "rds/postgresql/pricing", "infratally.com, 2026"),
    "database disk": Price(0.115, "GB and month", "rds/postgresql/pricing", "usage.ai, 2026-06"),
}

# One active user in a month: signs in every week, is active twice a day for an hour, and calls the API ten times a day;
# one in ten is new, and one in ten forgets the password.
PROFILE = {
    "register, unknown address": 0.1,
    "email: confirm the address": 0.1,
    "verify-email": 0.1,
    "login": 4,
    "login, wrong password": 0.4,
    "login, another device": 0.2,
    "refresh": 60,
    "refresh, the same token again": 2,
    "GET me": 30,
    "GET a user": 270,
    "PATCH a user's name, 1 session": 0.1,
    "logout": 1,
    "forgot-password": 0.1,
    "email: choose a password": 0.1,
    "reset-password, 1 session": 0.1,
    "email: the password was changed": 0.3,  # and that of a new device, which consumes the same
    "GET users, 20": 0.05,
    "POST contact": 0.02,
    "email: a form": 0.02,
}
# Cognito would do none of these.
_NOT_AUTH = ("GET a user", "PATCH a user's name, 1 session", "GET users, 20", "POST contact", "email: a form")
ACTIVE_USERS = (1_000, 10_000, 100_000)

# Assumed: bytes logged per request or job, bytes of a response with its headers, and the share of traced requests.
_LOGGED, _ANSWERED, _TRACED = 1500, 1500, 0.05
# Assumed: bytes stored per active user, most of them 90 days of activity.
_STORED = 10_000
RETRIES = 60 * HOURS


@dataclass(frozen=True, slots=True)
class Stack:
    """What costs by the month in a deployment; memory of functions in MB."""

    alarms: int
    metrics: int
    memory: int
    memory_hashing: int


# One flow ------------------------------------------------------------------------------------------

# A flow with more CPU milliseconds than this hashes a password.
_HASHING = 100


def parts(name: str, usage: Usage, stack: Stack) -> dict[str, float]:
    """Return what a million of a flow cost, by service."""
    size = stack.memory_hashing if usage.cpu > _HASHING else stack.memory
    calls = len(usage.calls)
    is_request = not name.startswith(("email: ", "retry job", "bounce"))
    return {
        "DynamoDB": usage.read * PRICES["reads"].usd + usage.written * PRICES["writes"].usd,
        "Lambda": PRICES["invocations"].usd + gigabyte_seconds(usage.cpu, calls, size) * PRICES["time"].usd * MILLION,
        "API Gateway": (PRICES["gateway"].usd + _ANSWERED / 1000 * PRICES["transfer"].usd) * is_request,
        "logs, traces": _LOGGED / 1000 * PRICES["logs"].usd + _TRACED * PRICES["traces"].usd,
        "SES": PRICES["emails"].usd * name.startswith("email: "),
    }


# A month -------------------------------------------------------------------------------------------


def month(users: int, usages: Mapping[str, Usage], stack: Stack) -> dict[str, float]:
    """Return what a month costs with this number of active users, by service."""
    bill: dict[str, float] = {}
    for name, times in PROFILE.items():
        for paid, dollars in parts(name, usages[name], stack).items():
            bill[paid] = bill.get(paid, 0) + dollars * times * users / MILLION
    job = parts("retry job, nothing due", usages["retry job, nothing due"], stack)
    fixed = stack.alarms * PRICES["alarms"].usd + PRICES["dashboards"].usd + stack.metrics * PRICES["metrics"].usd
    return {
        **bill,
        "stored": users * _STORED / 1e9 * PRICES["storage"].usd,
        "a key, the retry job": PRICES["secrets"].usd + sum(job.values()) * RETRIES / MILLION,
        "alarms, dashboard, metrics": fixed,
    }


def without_cognito(users: int, usages: Mapping[str, Usage], stack: Stack) -> float:
    """Return the part of a month's bill that Cognito would replace, without emails."""
    costs = {name: parts(name, usages[name], stack) for name in PROFILE if name not in _NOT_AUTH}
    return sum((sum(cost.values()) - cost["SES"]) * PROFILE[name] * users / MILLION for name, cost in costs.items())


def cognito(users: int, plan: str) -> float:
    """Return Cognito's price for a month, without emails."""
    return max(0, users - 10_000) * PRICES[plan].usd


def servers() -> dict[str, float]:
    """Return what always-on servers cost a month, idle or not."""
    database = PRICES["db.t4g.micro"].usd * HOURS + 20 * PRICES["database disk"].usd
    address = PRICES["address"].usd * HOURS
    machine = PRICES["t4g.small"].usd * HOURS + 20 * PRICES["disk"].usd + address
    container = (0.25 * PRICES["container core"].usd + 0.5 * PRICES["container memory"].usd) * HOURS
    # A load balancer has an address in each of two zones, and each task has its own.
    balanced = PRICES["balancer"].usd * HOURS + 2 * (container + 2 * address)
    return {
        "t4g.small and db.t4g.micro, one each, without redundancy": machine + database,
        "2 Fargate tasks (0.25 vCPU), load balancer, db.t4g.micro in two zones": balanced + 2 * database,
    }
