"""The MiniStack process of the rehearsal, with the AWS features that the deployment needs and MiniStack lacks.

`cloud.py` runs it with the Python of MiniStack's environment: `aws.py PYTHON TRANSLATOR`. Before MiniStack starts, it
patches MiniStack's modules:

- The SAM transform comes from SAM CLI's environment (TRANSLATOR, a site-packages folder) and receives the parameters.
  AWS::LanguageExtensions puts their values into the resources before, which MiniStack's does not.
- Functions run with PYTHON, whichever Python runs MiniStack, and the layer is unpacked once for all of them.
- An HTTP API imports routes, integrations and CORS from its `Body`, like API Gateway.
- Rotation schedules exist and rotate at once: the function's four steps run in a thread, as Secrets Manager runs them
  in parallel to the deployment. A secret's `Ref` is its ARN.
- `ses:SendEmail` is authorized for the sending identity, like on AWS, instead of for `*`.
- Requests count as encrypted (`aws:SecureTransport`), though all of them stay on loopback and use HTTP.
- CodeDeploy resources and alarms on a metric expression are reported as created, but do nothing.
"""

import contextvars
import copy
import hashlib
import json
import logging
import os
import runpy
import signal
import sys
import tempfile
import threading
import uuid
import zipfile
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region, json_response
from ministack.services import apigateway, lambda_svc, secretsmanager
from ministack.services.cloudformation import changesets, engine, provisioners

_ANY_METHOD = "x-amazon-apigateway-any-method"
_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_log = logging.getLogger("rehearsal")


def _import_body(api_id: str, body: dict[str, Any]) -> None:
    """Replace the API's routes, integrations and CORS with those of an OpenAPI document with resolved references."""
    apigateway._routes[api_id], apigateway._integrations[api_id] = {}, {}
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            properties = {
                "integrationType": integration["type"].upper(),
                "integrationUri": integration["uri"],
                "integrationMethod": integration["httpMethod"],
                "payloadFormatVersion": integration["payloadFormatVersion"],
            }
            _, _, created = apigateway._create_integration(api_id, properties)
            target = f"integrations/{json.loads(created)['integrationId']}"
            verb = "ANY" if method == _ANY_METHOD else method.upper()
            apigateway._create_route(api_id, {"routeKey": f"{verb} {path}", "target": target})
    if cors := body.get("x-amazon-apigateway-cors"):
        apigateway._update_api(api_id, {"corsConfiguration": cors})


class _UnpackedOnce(zipfile.ZipFile):
    """An archive that is unpacked once and then linked: every function has the layer, which has 1,700 files."""

    _unpacking = threading.Lock()

    def extractall(self, path: Any = None, *_: Any) -> None:
        contents = repr([(entry.filename, entry.CRC) for entry in self.infolist()])
        folder = Path(tempfile.gettempdir(), hashlib.sha256(contents.encode()).hexdigest())
        with self._unpacking:
            if not folder.exists():
                super().extractall(folder)
        for entry in folder.iterdir():
            Path(path, entry.name).symlink_to(entry)


# The rotation schedules, by the ARN of their secret.
_schedules: dict[str, dict[str, Any]] = {}


def _rotate(schedule: dict[str, Any], token: str) -> None:
    """Rotate the schedule's secret. A failure is logged; Secrets Manager would retry."""
    function, configuration, _ = lambda_svc._get_func_record_for_ref(schedule["RotationLambdaARN"])
    record = lambda_svc._execution_record_for_config(function, configuration)
    for step in _STEPS:
        event = {"Step": step, "SecretId": schedule["SecretId"], "ClientRequestToken": token}
        result = lambda_svc._execute_function_with_config_scope(record, event)
        if result.get("error"):
            _log.error("The rotation of %s failed in %s: %s", schedule["SecretId"], step, result["body"])
            return


def _schedule_rotation(schedule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    _schedules[schedule["SecretId"]] = schedule
    if schedule.get("RotateImmediatelyOnUpdate", True):
        _begin_rotation(schedule)
    return schedule["SecretId"], {}


def _begin_rotation(schedule: dict[str, Any]) -> str:
    """Rotate in the background. Returns the id of the new version."""
    token = str(uuid.uuid4())
    threading.Thread(target=contextvars.copy_context().run, args=(_rotate, schedule, token), daemon=True).start()
    return token


def _rotate_secret(data: dict[str, Any]) -> Any:
    """RotateSecret, as Secrets Manager does it: MiniStack's copies the current value into a new version."""
    _, secret = secretsmanager._resolve(data["SecretId"])
    version = _begin_rotation(_schedules[secret["ARN"]])
    return json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version})


def _patch_api_bodies(handlers: dict[str, Any]) -> None:
    api = handlers["AWS::ApiGatewayV2::Api"]
    original_create, original_update = api["create"], api["update"]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        api_id, attributes = original_create(logical_id, properties, stack)
        _import_body(api_id, properties["Body"])
        return api_id, attributes

    def update(api_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        api_id, attributes = original_update(api_id, old, new, *rest)
        _import_body(api_id, new["Body"])
        return api_id, attributes

    api |= {"create": create, "update": update}


def _patch_secret_refs(handlers: dict[str, Any]) -> None:
    secret = handlers["AWS::SecretsManager::Secret"]
    original_create = secret["create"]

    def create(*arguments: Any) -> Any:
        _, attributes = original_create(*arguments)
        return attributes["Arn"], attributes

    def with_name(handler: Callable[..., Any]) -> Callable[..., Any]:
        def call(arn: str, *rest: Any) -> Any:
            name, _ = secretsmanager._resolve(arn)
            result = handler(name, *rest)
            return (arn, *result[1:]) if isinstance(result, tuple) else result

        return call

    def import_(identifier: dict[str, str]) -> Any:
        return identifier["Id"], {"Arn": identifier["Id"]}

    def problem(arn: str) -> str | None:
        _, found = secretsmanager._resolve(arn)
        return (
            None if found else f"Resource of type 'AWS::SecretsManager::Secret' with identifier '{arn}' was not found."
        )

    secret |= {
        "create": create,
        "update": with_name(secret["update"]),
        "delete": with_name(secret["delete"]),
        "import": import_,
    }
    changesets._IMPORT_LOOKUPS["AWS::SecretsManager::Secret"] = (("Id",), problem)


def _patch_expression_alarms(handlers: dict[str, Any]) -> None:
    alarm = handlers["AWS::CloudWatch::Alarm"]
    original = dict(alarm)

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if "Metrics" not in properties:
            return original["create"](logical_id, properties, stack)
        name = f"{stack}-{logical_id}"
        return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}

    def update(name: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        return (name, {}) if "Metrics" in new else original["update"](name, old, new, *rest)

    def delete(name: str, properties: dict[str, Any]) -> None:
        if "Metrics" not in properties:
            original["delete"](name, properties)

    alarm |= {"create": create, "update": update, "delete": delete}


def _patch_ses_authorization() -> None:
    original = iam_actions._ses_v2_resource_arn

    def resource(method: str, path: str, body: bytes, region: str, account: str) -> Any:
        if not path.endswith("/outbound-emails"):
            return original(method, path, body, region, account)
        _, address = parseaddr(json.loads(body)["FromEmailAddress"])
        return f"arn:aws:ses:{region}:{account}:identity/{address}"

    iam_actions._ses_v2_resource_arn = resource


def _patch_secure_transport() -> None:
    original = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else original(key, context)

    iam_evaluator._resolve_condition_key = resolve


def _patch_transform() -> None:
    # Its folder is on the path only now.
    from samtranslator.intrinsics.resolver import IntrinsicsResolver  # noqa: PLC0415
    from samtranslator.translator import transform as translator  # noqa: PLC0415

    original_apply, original_transform = changesets._apply_transforms, translator.transform
    values: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("values")

    def apply(template: dict[str, Any], provided: Any = None, previous: Any = None) -> Any:
        given = engine._transform_parameters(template, provided, previous)
        kinds = {name: parameter["Type"] for name, parameter in template.get("Parameters", {}).items()}
        values.set({name: value.split(",") if _is_list(kinds[name]) else value for name, value in given.items()})
        resources = IntrinsicsResolver(values.get()).resolve_parameter_refs(copy.deepcopy(template["Resources"]))
        return original_apply({**template, "Resources": resources}, provided, previous)

    changesets._apply_transforms = apply
    translator.transform = lambda template, _, policies: original_transform(template, values.get(), policies)


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _exit_with_the_rehearsal() -> None:
    """Wait until stdin closes, when the rehearsal has ended; then kill this process group, functions included."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run MiniStack until the process is killed."""
    _, python, translator = sys.argv
    threading.Thread(target=_exit_with_the_rehearsal, daemon=True).start()
    # MiniStack starts functions with this executable.
    sys.executable = python
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": _UnpackedOnce})
    sys.path.append(translator)
    handlers = provisioners._RESOURCE_HANDLERS
    _patch_api_bodies(handlers)
    _patch_secret_refs(handlers)
    _patch_expression_alarms(handlers)
    _patch_ses_authorization()
    _patch_secure_transport()
    _patch_transform()
    secretsmanager._rotate_secret = _rotate_secret
    # Without CodeDeploy, a new version of a function replaces the old one at once.
    for kind in ("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"):
        handlers[kind] = {"create": lambda name, *_: (name, {}), "delete": lambda *_: None}
    handlers["AWS::SecretsManager::RotationSchedule"] = {
        "create": lambda _, properties, __: _schedule_rotation(properties),
        "update": lambda _, __, new, *___: _schedule_rotation(new),
        "delete": lambda *_: None,
    }
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
