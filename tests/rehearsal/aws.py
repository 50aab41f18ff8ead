"""MiniStack with what a deployment of this project needs and MiniStack leaves out: the program of its process.

Run by `cloud.py` with the Python of MiniStack's environment: `aws.py PYTHON TRANSLATOR`. It changes this in
MiniStack's modules before it starts it:

- The SAM transform is that of SAM CLI's environment (TRANSLATOR, a site-packages folder), and is given the parameters.
  Functions run with PYTHON, whatever MiniStack itself runs with, and the layer is unpacked once for all of them.
- An HTTP API gets the routes, integrations and CORS of its `Body`, as API Gateway imports them.
- A rotation schedule exists, and rotates at once: the function's four steps, in a thread, as Secrets Manager does it
  beside the deployment. A secret's `Ref` is its ARN.
- `ses:SendEmail` is authorized for the identity that sends, as AWS does it, not for `*`.
- CodeDeploy's resources, and alarms on an expression of metrics, are taken for made and do nothing.
"""

import contextvars
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

from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway, lambda_svc, secretsmanager
from ministack.services.cloudformation import changesets, engine, provisioners

_ANY_METHOD = "x-amazon-apigateway-any-method"
_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_log = logging.getLogger("rehearsal")


def _import_body(api_id: str, body: dict[str, Any]) -> None:
    """Replace the API's routes, integrations and CORS by those of an OpenAPI document whose references are resolved."""
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
            _, _, answer = apigateway._create_integration(api_id, properties)
            target = f"integrations/{json.loads(answer)['integrationId']}"
            verb = "ANY" if method == _ANY_METHOD else method.upper()
            apigateway._create_route(api_id, {"routeKey": f"{verb} {path}", "target": target})
    if cors := body.get("x-amazon-apigateway-cors"):
        apigateway._update_api(api_id, {"corsConfiguration": cors})


class _UnpackedOnce(zipfile.ZipFile):
    """An archive of which all who unpack it get the same files: a layer has 1,700, and each function has it."""

    _turn = threading.Lock()

    def extractall(self, path: Any = None, *_: Any) -> None:
        contents = repr([(entry.filename, entry.CRC) for entry in self.infolist()])
        folder = Path(tempfile.gettempdir(), hashlib.sha256(contents.encode()).hexdigest())
        with self._turn:
            if not folder.exists():
                super().extractall(folder)
        for entry in folder.iterdir():
            Path(path, entry.name).symlink_to(entry)


def _rotate(schedule: dict[str, Any]) -> None:
    """Rotate the schedule's secret. What fails is logged; Secrets Manager would try it again."""
    function, configuration, _ = lambda_svc._get_func_record_for_ref(schedule["RotationLambdaARN"])
    record = lambda_svc._execution_record_for_config(function, configuration)
    token = str(uuid.uuid4())
    for step in _STEPS:
        event = {"Step": step, "SecretId": schedule["SecretId"], "ClientRequestToken": token}
        answer = lambda_svc._execute_function_with_config_scope(record, event)
        if answer.get("error"):
            _log.error("The rotation of %s failed at %s: %s", schedule["SecretId"], step, answer["body"])
            return


def _schedule_rotation(schedule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if schedule.get("RotateImmediatelyOnUpdate", True):
        threading.Thread(target=contextvars.copy_context().run, args=(_rotate, schedule), daemon=True).start()
    return schedule["SecretId"], {}


def _apis_with_bodies(handlers: dict[str, Any]) -> None:
    api = handlers["AWS::ApiGatewayV2::Api"]
    made, changed = api["create"], api["update"]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        api_id, attributes = made(logical_id, properties, stack)
        _import_body(api_id, properties["Body"])
        return api_id, attributes

    def update(api_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        api_id, attributes = changed(api_id, old, new, *rest)
        _import_body(api_id, new["Body"])
        return api_id, attributes

    api |= {"create": create, "update": update}


def _secrets_by_arn(handlers: dict[str, Any]) -> None:
    secret = handlers["AWS::SecretsManager::Secret"]
    made = secret["create"]

    def create(*arguments: Any) -> Any:
        _, attributes = made(*arguments)
        return attributes["Arn"], attributes

    def by_name(handler: Callable[..., Any]) -> Callable[..., Any]:
        def named(arn: str, *rest: Any) -> Any:
            name, _ = secretsmanager._resolve(arn)
            result = handler(name, *rest)
            return (arn, *result[1:]) if isinstance(result, tuple) else result

        return named

    secret |= {"create": create, "update": by_name(secret["update"]), "delete": by_name(secret["delete"])}


def _alarms_on_expressions(handlers: dict[str, Any]) -> None:
    alarm = handlers["AWS::CloudWatch::Alarm"]
    alarms = dict(alarm)

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if "Metrics" not in properties:
            return alarms["create"](logical_id, properties, stack)
        name = f"{stack}-{logical_id}"
        return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}

    def update(name: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        return (name, {}) if "Metrics" in new else alarms["update"](name, old, new, *rest)

    def delete(name: str, properties: dict[str, Any]) -> None:
        if "Metrics" not in properties:
            alarms["delete"](name, properties)

    alarm |= {"create": create, "update": update, "delete": delete}


def _mails_by_identity() -> None:
    others = iam_actions._ses_v2_resource_arn

    def resource(method: str, path: str, body: bytes, region: str, account: str) -> Any:
        if not path.endswith("/outbound-emails"):
            return others(method, path, body, region, account)
        _, address = parseaddr(json.loads(body)["FromEmailAddress"])
        return f"arn:aws:ses:{region}:{account}:identity/{address}"

    iam_actions._ses_v2_resource_arn = resource


def _transform_with_parameters() -> None:
    # Found only now.
    from samtranslator.translator import transform as translator  # noqa: PLC0415

    apply, translate = changesets._apply_transforms, translator.transform
    values: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("values")

    def apply_to(template: dict[str, Any], provided: Any = None, previous: Any = None) -> Any:
        given = engine._transform_parameters(template, provided, previous)
        kinds = {name: parameter["Type"] for name, parameter in template.get("Parameters", {}).items()}
        values.set({name: value.split(",") if _is_list(kinds[name]) else value for name, value in given.items()})
        return apply(template, provided, previous)

    changesets._apply_transforms = apply_to
    translator.transform = lambda template, _, policies: translate(template, values.get(), policies)


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _end_with_the_rehearsal() -> None:
    """Wait for the end of the rehearsal, however it ends: that of the input. Functions are of this process group."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve MiniStack until the process is ended."""
    _, python, translator = sys.argv
    threading.Thread(target=_end_with_the_rehearsal, daemon=True).start()
    # With this MiniStack starts the functions.
    sys.executable = python
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": _UnpackedOnce})
    sys.path.append(translator)
    handlers = provisioners._RESOURCE_HANDLERS
    _apis_with_bodies(handlers)
    _secrets_by_arn(handlers)
    _alarms_on_expressions(handlers)
    _mails_by_identity()
    _transform_with_parameters()
    # A new version of a function is put in the old one's place at once.
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
