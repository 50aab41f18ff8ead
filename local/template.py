"""The resources that the template declares, read by SAM CLI's own code, as `sam local` does."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from local.errors import RunnerError

# SAM's defaults, in seconds and megabytes.
_TIMEOUT, _MEMORY = 3, 128
_PSEUDO = "AWS::"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # nosec B105
Result = TypeVar("Result")
# The parameter with the origins that may call the API.
_ORIGINS = "CorsOrigins"


@dataclass(frozen=True)
class Function:
    """A Lambda function. `folder` is deployed to /var/task; `timeout` in seconds, `memory` in MB."""

    name: str
    folder: Path
    handler: str
    timeout: int = _TIMEOUT
    memory: int = _MEMORY
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamSource:
    """A DynamoDB stream that feeds a function. `max_age` in seconds; None means no limit."""

    function: str
    table: str
    batch_size: int
    bisect: bool
    report_failures: bool
    max_retries: int | None
    max_age: int | None
    patterns: tuple[Mapping[str, Any], ...]
    on_failure: str | None

    @property
    def name(self) -> str:
        """The key under which the runner stores this source's position."""
        return f"{self.table}→{self.function}"


@dataclass(frozen=True)
class FeedbackRoute:
    """An event of SES, such as `bounce` or `complaint`, that reaches a function through an SNS topic."""

    kind: str
    topic: str
    function: str


@dataclass(frozen=True)
class Schedule:
    """A function to invoke every `seconds`. `name` is the name of its rule; `payload` replaces the event."""

    name: str
    function: str
    seconds: int
    payload: str | None = None


@dataclass(frozen=True)
class Cors:
    """The CORS headers that API Gateway adds to responses. `max_age` in seconds.

    `any_local`: pages of this machine may call the API too, on whatever port. That is the runner's default.
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False
    any_local: bool = False

    def allows(self, origin: str) -> bool:
        """Return whether pages of this origin may call the API."""
        if self.any_local and re.fullmatch(r"http://(localhost|127\.0\.0\.1)(:[0-9]+)?", origin):
            return True
        return bool({"*", origin}.intersection(self.origins))


@dataclass(frozen=True)
class Project:
    """Everything that the runner serves.

    `api` is SAM CLI's object. Tables, secrets, queues and buckets map logical ids to properties; `rotations` maps
    secrets to functions.
    """

    api: Any
    cors: Cors
    functions: Mapping[str, Function]
    layers: tuple[Path, ...]
    tables: Mapping[str, Mapping[str, Any]]
    secrets: Mapping[str, Mapping[str, Any]]
    queues: Mapping[str, Mapping[str, Any]]
    buckets: Mapping[str, Mapping[str, Any]]
    streams: tuple[StreamSource, ...]
    feedback: tuple[FeedbackRoute, ...]
    schedules: tuple[Schedule, ...]
    rotations: Mapping[str, str]


class SettingNames(NamedTuple):
    """The names of a template that `.env.local` can have. The values of `rotated` secrets come from their rotation."""

    parameters: frozenset[str]
    secrets: frozenset[str]
    rotated: frozenset[str]


def setting_names(path: Path) -> SettingNames:
    """Return the names of parameters and secrets of the template. Raises RunnerError if it is invalid."""
    return _explaining(path, lambda: _setting_names(path))


def read_project(path: Path, overrides: Mapping[str, str]) -> Project:
    """Read the template with these parameter values. Raises RunnerError if it is invalid."""
    return _explaining(path, lambda: _read(path, overrides))


def _explaining(path: Path, read: Callable[[], Result]) -> Result:
    """Read the template, and raise RunnerError whatever is wrong with it."""
    try:
        return read()
    except RunnerError:
        raise
    except FileNotFoundError as problem:
        raise RunnerError(
            f"There is no {path}. Start the runner in the project's folder, or pass the file's path with --template."
        ) from problem
    # An invalid template raises exceptions of any type, in SAM CLI's providers and here.
    except Exception as problem:
        raise RunnerError(f"{path.name} cannot be read: {one_line(problem)}. Correct the file.") from problem


def one_line(problem: Exception) -> str:
    """Return the exception's type and message in one line, without a period at the end."""
    return " ".join(f"{type(problem).__name__}: {problem}".split()).rstrip(".")


def _setting_names(path: Path) -> SettingNames:
    # Importing SAM CLI takes most of a second, so it is imported only when a template is read.
    from samcli.yamlhelper import yaml_parse  # noqa: PLC0415

    content = yaml_parse(path.read_text(encoding="utf-8"))
    of_type = _by_type(content["Resources"])
    rotations = of_type("AWS::SecretsManager::RotationSchedule").values()
    return SettingNames(
        parameters=frozenset(content.get("Parameters") or ()),
        secrets=frozenset(of_type(_SECRET)),
        rotated=frozenset(logical_id(rotation["SecretId"]) for rotation in rotations),
    )


def _read(path: Path, overrides: Mapping[str, str]) -> Project:
    from samcli.lib.providers.api_provider import ApiProvider  # noqa: PLC0415
    from samcli.lib.providers.sam_function_provider import SamFunctionProvider  # noqa: PLC0415
    from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider  # noqa: PLC0415
    from samcli.yamlhelper import yaml_parse  # noqa: PLC0415

    raw = yaml_parse(path.read_text(encoding="utf-8"))
    _check_references(raw)
    _check_parameters(raw, overrides)
    stacks, _ = SamLocalStackProvider.get_stacks(str(path), parameter_overrides=dict(overrides))
    api = ApiProvider(stacks, str(path.parent)).api
    functions = list(SamFunctionProvider(stacks, use_raw_codeuri=True).get_all())
    resources = stacks[0].resources
    root = path.parent.resolve()
    of_type = _by_type(resources)
    return Project(
        api=api,
        cors=_cors(of_type("AWS::Serverless::HttpApi"), any_local=_ORIGINS not in overrides),
        functions={function.name: _function(function, root) for function in functions},
        layers=tuple(
            (root / layer["ContentUri"]).resolve() for layer in of_type("AWS::Serverless::LayerVersion").values()
        ),
        tables=of_type("AWS::DynamoDB::Table"),
        secrets=of_type(_SECRET),
        queues=of_type("AWS::SQS::Queue"),
        buckets=of_type("AWS::S3::Bucket"),
        streams=tuple(_streams(of_type("AWS::Serverless::Function"))),
        feedback=tuple(
            _feedback(of_type("AWS::SES::ConfigurationSetEventDestination"), of_type("AWS::Serverless::Function"))
        ),
        schedules=tuple(_schedules(of_type("AWS::Serverless::Function"))),
        rotations={
            logical_id(rotation["SecretId"]): logical_id(rotation["RotationLambdaARN"])
            for rotation in of_type("AWS::SecretsManager::RotationSchedule").values()
        },
    )


def logical_id(value: Any) -> str:
    """Return the logical id of the resource named by a `!Ref`, a `!GetAtt` or an ARN that SAM CLI generated."""
    if isinstance(value, Mapping):
        attribute = value.get("Fn::GetAtt", value.get("Ref"))
        value = attribute if isinstance(attribute, str) else attribute[0] if attribute else json.dumps(value)
    return str(value).rpartition(":")[2].partition(".")[0]


def _by_type(resources: Mapping[str, Any]) -> Any:
    def of_type(kind: str) -> dict[str, Mapping[str, Any]]:
        return {
            name: resource.get("Properties") or {} for name, resource in resources.items() if resource["Type"] == kind
        }

    return of_type


def _function(declared: Any, root: Path) -> Function:
    name: str = declared.functionname
    folder = (root / str(declared.codeuri)).resolve()
    handler = str(declared.handler)
    module = folder / f"{handler.rpartition('.')[0].replace('.', '/')}.py"
    if not module.is_file():
        raise RunnerError(
            f"{name}: there is no {_relative(module, root)}. Create it, or correct CodeUri or Handler in the template."
        )
    variables = (declared.environment or {}).get("Variables") or {}
    return Function(
        name=name,
        folder=folder,
        handler=handler,
        timeout=int(declared.timeout or _TIMEOUT),
        memory=int(declared.memory or _MEMORY),
        # `!Ref AWS::NoValue` arrives unresolved or as None, and means that the variable is not set.
        environment={key: str(value) for key, value in variables.items() if isinstance(value, str | int | float)},
    )


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _cors(apis: Mapping[str, Mapping[str, Any]], *, any_local: bool) -> Cors:
    for api in apis.values():
        declared = api.get("CorsConfiguration")
        if declared is True:
            return Cors(origins=("*",), any_local=any_local)
        if isinstance(declared, Mapping):
            return Cors(
                origins=_list(declared.get("AllowOrigins")),
                methods=_list(declared.get("AllowMethods")),
                headers=_list(declared.get("AllowHeaders")),
                exposed=_list(declared.get("ExposeHeaders")),
                max_age=declared.get("MaxAge"),
                credentials=bool(declared.get("AllowCredentials")),
                any_local=any_local,
            )
    return Cors()


def _list(value: Any) -> tuple[str, ...]:
    """Return the parts of a list or of a comma-separated text."""
    parts = value.split(",") if isinstance(value, str) else value or ()
    return tuple(str(part).strip() for part in parts)


def _streams(functions: Mapping[str, Mapping[str, Any]]) -> Iterator[StreamSource]:
    for name, function in functions.items():
        for event in (function.get("Events") or {}).values():
            if event["Type"] != "DynamoDB":
                continue
            source = event["Properties"]
            on_failure = (source.get("DestinationConfig") or {}).get("OnFailure") or {}
            yield StreamSource(
                function=name,
                table=logical_id(source["Stream"]),
                batch_size=int(source.get("BatchSize", 100)),
                bisect=bool(source.get("BisectBatchOnFunctionError")),
                report_failures="ReportBatchItemFailures" in (source.get("FunctionResponseTypes") or ()),
                max_retries=_limit(source.get("MaximumRetryAttempts")),
                max_age=_limit(source.get("MaximumRecordAgeInSeconds")),
                patterns=tuple(
                    json.loads(part["Pattern"]) for part in (source.get("FilterCriteria") or {}).get("Filters") or ()
                ),
                on_failure=logical_id(on_failure["Destination"]) if on_failure.get("Type") == "SQS" else None,
            )


def _feedback(
    destinations: Mapping[str, Mapping[str, Any]], functions: Mapping[str, Mapping[str, Any]]
) -> Iterator[FeedbackRoute]:
    """Yield a route from each SES event destination, through its SNS topic, to each subscribed function."""
    subscribed = [
        (logical_id(event["Properties"]["Topic"]), name)
        for name, function in functions.items()
        for event in (function.get("Events") or {}).values()
        if event["Type"] == "SNS"
    ]
    for destination in destinations.values():
        declared = destination["EventDestination"]
        to = logical_id((declared.get("SnsDestination") or {}).get("TopicARN"))
        for kind in declared["MatchingEventTypes"]:
            yield from (FeedbackRoute(str(kind), topic, name) for topic, name in subscribed if topic == to)


def _limit(value: Any) -> int | None:
    """Return a limit of an event source mapping; -1 stands for no limit."""
    return None if value is None or int(value) < 0 else int(value)


_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


def _schedules(functions: Mapping[str, Mapping[str, Any]]) -> Iterator[Schedule]:
    for name, function in functions.items():
        for key, event in (function.get("Events") or {}).items():
            if event["Type"] != "Schedule":
                continue
            declared = event["Properties"]
            if declared.get("State") == "DISABLED" or declared.get("Enabled") is False:
                continue
            rate = re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)s?\)", str(declared.get("Schedule")))
            if rate is None:
                raise RunnerError(
                    f"{name}: the runner serves schedules as rate(5 minutes) only, not {declared.get('Schedule')}. "
                    "Change the schedule, or disable it with State: DISABLED."
                )
            yield Schedule(f"{name}{key}", name, int(rate[1]) * _UNITS[rate[2]], declared.get("Input"))


def _check_references(raw: Mapping[str, Any]) -> None:
    """Raise RunnerError for an unknown reference, as CloudFormation does; SAM CLI would keep it as a plain name."""
    known = {*(raw.get("Parameters") or ()), *(raw.get("Resources") or ())}
    for where, name in _references({part: raw.get(part) for part in ("Globals", "Resources", "Outputs")}, ()):
        if name not in known and not name.startswith(_PSEUDO):
            raise RunnerError(
                f"The template refers to {name}, which it does not declare ({where}). Correct the reference."
            )


def _check_parameters(raw: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raise RunnerError for a value that CloudFormation would refuse."""
    for name, value in values.items():
        declared = (raw.get("Parameters") or {}).get(name) or {}
        allowed = [str(each) for each in declared.get("AllowedValues", ())]
        pattern = declared.get("AllowedPattern")
        is_number = re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
        if declared.get("Type") == "Number" and not is_number:
            rule = "a number"
        elif allowed and value not in allowed:
            rule = " or ".join(allowed)
        elif pattern and not all(re.fullmatch(str(pattern), each) for each in _values(declared, value)):
            rule = str(declared.get("ConstraintDescription") or f"a text that matches {pattern}")
        elif is_number and float(value) < float(declared.get("MinValue", "-inf")):
            rule = f"at least {declared['MinValue']}"
        elif is_number and float(value) > float(declared.get("MaxValue", "inf")):
            rule = f"at most {declared['MaxValue']}"
        else:
            continue
        raise RunnerError(f"The parameter {name} is {value!r}, but the template allows only {rule}. Correct the value.")


def _values(declared: Mapping[str, Any], value: str) -> tuple[str, ...]:
    """Return the values that the rules of a parameter apply to: each one of a list."""
    return _list(value) if declared.get("Type") == "CommaDelimitedList" else (value,)


def _references(value: Any, where: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each reference in `value`: its path in the template, and the name that it refers to."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                # SAM also allows a reference to a resource that it generates, such as `Api.Stage`.
                yield "/".join(where), inner.partition(".")[0]
            elif key == "Fn::GetAtt":
                yield "/".join(where), inner.partition(".")[0] if isinstance(inner, str) else str(inner[0])
            elif key == "Fn::Sub" and isinstance(inner, str):
                for name in re.findall(r"\$\{([^!.}][^.}]*)", inner):
                    yield "/".join(where), name
            else:
                yield from _references(inner, (*where, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, where)
