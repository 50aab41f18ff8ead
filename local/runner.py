"""The runner: starts the parts in order, applies changed files, and stops the parts in reverse order."""

import contextlib
import functools
import os
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import admin, data, tasks
from local.aws import expiry, feedback, resources, rotation
from local.aws.client import AwsError, MiniStackGoneError
from local.aws.credentials import FILE_NAME as CREDENTIALS_FILE
from local.aws.mail_file import MailFile
from local.aws.ministack import MiniStack
from local.aws.schedules import Schedules
from local.aws.streams import Checkpoints, Streams
from local.console import Console
from local.errors import RunnerError
from local.functions.pool import ForkServer, FunctionError, Pool, Result, lambda_environment
from local.functions.watch import Changes, Watch
from local.handlers import Handler, undeclared
from local.openid import LocalProvider
from local.page import accounts
from local.page.accounts import Accounts
from local.page.document import Document
from local.page.history import History
from local.page.inbox import Inbox
from local.settings import read_settings
from local.sockets import bind, explaining, listen
from local.template import Function, Project, read_project

if TYPE_CHECKING:
    from local.gateway.app import RequestRecord

_WATCH_SECONDS = 0.2
_FEEDBACK_SECONDS = 0.5
_COMPACT_SECONDS = 5
_EXPIRY_SECONDS = 60
_DRAIN_SECONDS = 2.0
# The port's purpose, and what changes it.
_API = ("the API", "PORT=… or --port")
# The parameter with the issuer of access tokens, and the variable that functions have it in.
_ISSUER, _ISSUER_VARIABLE = "TokenIssuer", "TOKEN_ISSUER"
# The beginning of a line in CloudWatch's embedded metric format.
_METRIC = '{"_aws":'


@dataclass(frozen=True)
class Options:
    """The command line and the environment. `aws_port` 0 means any free port."""

    template: Path
    settings: Path
    data: Path
    ministack_python: Path
    port: int
    aws_port: int
    parameters: Mapping[str, str]
    admin_email: str
    admin_password: str | None


class Runner:
    """The parts of the runner. Call `stop` even if `start` raised.

    `on_failure` is called when it can no longer serve; `has_failed` is true from then on.
    """

    def __init__(self, options: Options, console: Console, on_failure: Callable[[], None]) -> None:
        self._options, self._console, self._on_failure = options, console, on_failure
        self.has_failed = False
        self._closing = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._pools: dict[str, Pool] = {}
        self._undeclared: tuple[Handler, ...] = ()
        self._document = Document(options.template.parent / "docs" / "openapi.json")
        self._history = History(lambda: self._document.secret_names)
        self._rounds_of_maintenance = 0
        # None if the project has no user accounts.
        self.admin_password: str | None = None

    @property
    def address(self) -> str:
        """The address of the API."""
        return f"http://localhost:{self._port}"

    @property
    def _port(self) -> int:
        port: int = self._sockets[0].getsockname()[1]
        return port

    @property
    def origins(self) -> str:
        """The pages that may call the API, in words."""
        cors = self._project.cors
        local = ["any of http://localhost:… and http://127.0.0.1:…"] if cors.any_local else []
        # With `any_local`, those of this machine need not be listed.
        others = [origin for origin in cors.origins if not replace(cors, origins=()).allows(origin)]
        return ", ".join([*local, *others]) or "none"

    @property
    def has_proxy_key(self) -> bool:
        """Whether the project accepts proxy keys, and so the development key."""
        return rotation.PROXY_KEY_SECRET in self._project.rotations

    @property
    def endpoint(self) -> str:
        """The address of MiniStack."""
        return self._ministack.endpoint

    # Start and stop

    def start(self) -> None:
        """Start all parts. Raises RunnerError if one cannot start."""
        try:
            self._start_parts()
        except (AwsError, MiniStackGoneError) as problem:
            raise RunnerError(f"{problem}. MiniStack's log is {self._ministack.log}.") from problem

    def stop(self) -> None:
        """Stop all parts. No process is left running."""
        self._stopping.set()
        self._closing.close()

    def _start_parts(self) -> None:
        self._open_port_and_data()
        self._console.progress("Starting MiniStack and reading the template …")
        self._start_ministack()
        # The next two steps take place while MiniStack starts.
        self._load_project()
        application = self._prepare_gateway()
        self._ministack.wait_until_ready()
        self._create_resources(self._project, self._secrets)
        self._start_streams_and_schedules()
        self._rotate_new_secrets()
        self._ensure_admin()
        self._serve(application)
        for task, seconds in (
            (self._apply_changes, _WATCH_SECONDS),
            (self._send_feedback, _FEEDBACK_SECONDS),
            (self._maintain_data, _COMPACT_SECONDS),
        ):
            threading.Thread(target=repeat, args=(task, seconds, self._stopping, self._console), daemon=True).start()

    def _open_port_and_data(self) -> None:
        # Connections are refused until the gateway is ready, rather than accepted and left waiting.
        with explaining(self._options.port, *_API):
            self._sockets = bind(self._options.port)
        for sock in self._sockets:
            self._closing.callback(sock.close)
        self._data = self._options.data.resolve()
        self._closing.enter_context(data.opened(self._data))

    def _start_ministack(self) -> None:
        # Every process that the runner starts holds the read end of this pipe, and exits when the write end closes.
        # Only the runner has the write end, so no process outlives it.
        self._lifeline, write_end = os.pipe()
        self._closing.callback(os.close, write_end)
        self._closing.callback(os.close, self._lifeline)
        options = self._options
        self._ministack = MiniStack(
            self._data,
            options.ministack_python,
            options.aws_port,
            self._lifeline,
            self._console,
            on_given_up=self._fail,
        )
        self._closing.callback(self._ministack.kill)

    def _fail(self) -> None:
        self.has_failed = True
        self._on_failure()

    def _load_project(self) -> None:
        self._provider = LocalProvider(self.address)
        # The watch starts before the template is read, so that it notices every later change.
        self._watch = Watch(self._options.template, self._options.settings, self._handlers)
        self._project, self._secrets = self._read_project()
        self._fork_server = ForkServer(self._project.layers, self._lifeline)
        self._closing.callback(self._fork_server.stop)
        self._create_pools()
        self._watch.follow(self._function_folders(), self._project.layers)
        self._write_variables()

    def _write_variables(self) -> None:
        """Write the file for `sam local --env-vars`, whose functions then issue the same tokens as the runner's."""
        issuer = {
            name: value
            for function in self._project.functions.values()
            for name, value in function.environment.items()
            if name == _ISSUER_VARIABLE
        }
        self._ministack.credentials.write(self._data / CREDENTIALS_FILE, self._ministack.container_endpoint, issuer)

    def _read_project(self) -> tuple[Project, Mapping[str, str]]:
        """Return the project with the parameters of `.env.local`, and the values of its secrets. Raises RunnerError.

        Without settings of providers, users sign in with the runner's own.
        """
        options = self._options
        settings = read_settings(options.settings, options.template)
        own = {_ISSUER: self.address}
        project = read_project(options.template, own | dict(settings.parameters) | dict(options.parameters))
        return project, {**self._provider.settings, **settings.secrets}

    def _prepare_gateway(self) -> Any:
        """Create the page and the WSGI application."""
        # Flask and SAM CLI's gateway are half of what the runner imports.
        from local.page.app import Page  # noqa: PLC0415

        emails = MailFile(self._data / "cloud" / "mail.jsonl", self._console.warn)
        users = Accounts(self._options.admin_email, self._run_task, self._ministack.aws)
        self._page = Page(
            Inbox(emails), self._history, self._document, users, self._ministack.aws, provider=self._provider
        )
        self._simulator = feedback.Simulator(emails)
        self._undeclared = undeclared(self._handlers, self._project)
        self._report_undeclared(self._undeclared)
        return self._make_application(self._project, self._undeclared)

    def _make_application(self, project: Project, handlers: Collection[Handler]) -> Any:
        from local.gateway.app import make_app  # noqa: PLC0415 - see _prepare_gateway

        app = make_app(project, self._invoke, self._record_request, self._port)
        self._page.add_to(app, project, handlers)
        return app

    def _report_undeclared(self, handlers: Iterable[Handler]) -> None:
        for handler in handlers:
            self._console.warn(
                f"{handler.problem}: {handler.path} is not found. Open it in a browser to see the block, or write the "
                f"block with: {handler.command}"
            )

    def _create_resources(self, project: Project, secrets: Mapping[str, str]) -> None:
        created = resources.create_missing(project, self._ministack.aws)
        if created:
            self._console.progress(f"Created {', '.join(created)}.")
        resources.set_secrets(secrets, self._ministack.aws)

    def _start_streams_and_schedules(self) -> None:
        checkpoints = Checkpoints(self._data / "streams.json", self._ministack.state().generation)
        self._streams = Streams(self._ministack, checkpoints, self._console)
        self._closing.callback(self._stop_functions)
        self._streams.serve(self._project.streams, self._invoke)
        self._schedules = Schedules(self._invoke, self._console)
        self._closing.callback(self._schedules.stop)
        self._schedules.serve(self._project.schedules)

    def _stop_functions(self) -> None:
        """Deliver what the streams hold, stop the workers, and replace the journal with a snapshot."""
        self._streams.drain(_DRAIN_SECONDS)
        self._streams.stop()
        _in_parallel(self._pools.values(), lambda pool: pool.stop(_DRAIN_SECONDS))
        # Optional: without a snapshot the next start replays the journal.
        with contextlib.suppress(AwsError, MiniStackGoneError):
            self._streams.compact(now=True)

    def _rotate_new_secrets(self) -> None:
        for secret, function in self._project.rotations.items():
            if rotation.rotate_if_new(secret, functools.partial(self._invoke, function), self._ministack.aws):
                self._console.progress(f"Rotated {secret} for the first time.")

    def _ensure_admin(self) -> None:
        if not accounts.are_supported(self._project.layers):
            return
        options = self._options
        self.admin_password = options.admin_password or admin.stored_password(self._data)
        pool = self._create_pool(tasks.function_of("create_admin", self._project.functions.values()))
        admin.ensure(options.admin_email, self.admin_password, self._data, pool, self._console)

    def _serve(self, application: Any) -> None:
        from local.gateway.server import Server  # noqa: PLC0415 - see _prepare_gateway

        with explaining(self._options.port, *_API):
            listen(self._sockets)
        self._server = Server(self._sockets, application)
        self._closing.callback(self._server.stop)

    # Functions

    def _create_pools(self, kept: Collection[str] = ()) -> None:
        """Create a pool for each function. The functions in `kept` keep their pools."""
        self._pools = {
            name: self._pools[name] if name in kept else self._create_pool(function)
            for name, function in self._project.functions.items()
        }

    def _create_pool(self, function: Function) -> Pool:
        return Pool(self._fork_server, function, self._environment(function), self._record_output)

    def _environment(self, function: Function) -> dict[str, str]:
        """Return the function's environment, with the URL of a queue where SAM CLI puts the queue's name."""
        endpoint = self._ministack.endpoint
        return {
            key: resources.queue_url(value, endpoint) if value in self._project.queues else value
            for key, value in lambda_environment(function, endpoint, self._ministack.credentials).items()
        }

    def _invoke(self, name: str, event: str, request_id: str | None = None) -> Result:
        try:
            pool = self._pools[name]
        except KeyError:
            raise FunctionError("the template no longer has it") from None
        return pool.invoke(event, request_id)

    def _run_task(self, task: Function, event: str) -> str:
        """Run one of the runner's own tasks in a new worker. Raises FunctionError."""
        pool = self._create_pool(task)
        try:
            return pool.invoke(event).body
        finally:
            pool.stop(0)

    def _record_output(self, function: str, request_id: str, line: str) -> None:
        # CloudWatch removes metrics from the log, too.
        if line.startswith(_METRIC):
            return
        self._console.output(function, line)
        if request_id:
            self._history.add_line(request_id, line)

    def _record_request(self, request: "RequestRecord") -> None:
        self._history.add_request(request)
        self._console.request(str(request), request.status)
        if request.cors and self._history.add_warning(request.cors):
            self._console.warn(f"CORS: {request.cors}.")

    # Changed files

    @property
    def _handlers(self) -> Path:
        """The folder of all handlers, declared or not."""
        return self._options.template.parent / "functions"

    def _function_folders(self) -> dict[str, Path]:
        return {name: function.folder for name, function in self._project.functions.items()}

    def _apply_changes(self) -> None:
        changes = self._watch.changes()
        if not changes:
            return
        try:
            if changes.template or changes.settings:
                self._reload_project(self._options.template if changes.template else self._options.settings)
            elif changes.handlers:
                self._look_for_undeclared()
        finally:
            # The changes are reported once, so they are applied whatever fails.
            self._reload_functions(changes)
        self._streams.retry_now()

    def _reload_functions(self, changes: Changes) -> None:
        names = set(self._pools) if changes.layers else changes.functions & self._pools.keys()
        for name in names:
            self._pools[name].retire()
        if names:
            self._console.progress(f"Reloaded {'all functions' if changes.layers else ', '.join(sorted(names))}.")

    def _look_for_undeclared(self) -> None:
        """Serve the error for other handlers than before, if there are others."""
        found, before = undeclared(self._handlers, self._project), self._undeclared
        if found == before:
            return
        self._server.application = self._make_application(self._project, found)
        self._undeclared = found
        self._report_undeclared(handler for handler in found if handler not in before)

    def _reload_project(self, changed: Path) -> None:
        before, old_pools, old_secrets = self._project, self._pools, self._secrets
        try:
            project, secrets = self._read_project()
            found = undeclared(self._handlers, project)
            application = self._make_application(project, found)
            self._create_resources(project, secrets)
        except (RunnerError, AwsError, MiniStackGoneError) as problem:
            end = "" if str(problem).endswith((".", "?")) else "."
            self._console.error(f"{problem}{end} The runner goes on with the last valid state.")
            return
        self._project, self._secrets, self._undeclared = project, secrets, found
        functions, layers = project.functions, project.layers
        self._fork_server.use_layers(layers)
        self._create_pools(kept={name for name in old_pools if before.functions.get(name) == functions.get(name)})
        self._streams.serve(project.streams, self._invoke)
        self._schedules.serve(project.schedules)
        self._server.application = application
        for name, pool in old_pools.items():
            # Functions keep secrets in memory.
            if self._pools.get(name) is not pool or before.layers != layers or secrets != old_secrets:
                pool.retire()
        self._watch.follow(self._function_folders(), layers)
        self._write_variables()
        self._history.forget_warnings()
        self._console.progress(f"Reloaded {changed.name}.")
        self._report_undeclared(found)
        try:
            self._rotate_new_secrets()
        except (RunnerError, AwsError, MiniStackGoneError) as problem:
            self._console.error(str(problem))

    # Tasks in the background

    def _send_feedback(self) -> None:
        """Send bounces and complaints for emails to SES's mailbox simulator."""
        for route, event in self._simulator.events(self._project.feedback):
            try:
                self._invoke(route.function, event)
            except FunctionError as problem:
                self._console.warn(
                    f"{route.function} failed on a {route.kind}: {problem}. The {route.kind} is dropped; "
                    "send another email to the simulator to repeat it."
                )

    def _maintain_data(self) -> None:
        """Compact the journal and delete expired items."""
        self._rounds_of_maintenance += 1
        try:
            self._streams.compact()
            if self._rounds_of_maintenance * _COMPACT_SECONDS % _EXPIRY_SECONDS == 0:
                expiry.delete_expired(resources.time_to_live(self._project), self._ministack.aws)
        except (AwsError, MiniStackGoneError) as problem:
            self._console.warn(f"The local data could not be maintained ({problem}). Retrying.")


def repeat(task: Callable[[], None], seconds: float, stopping: threading.Event, console: Console) -> None:
    """Call `task` every `seconds`. An unexpected exception is reported once, and `task` is called again."""
    reported = ""
    while not stopping.wait(seconds):
        try:
            task()
        # Without this thread, the runner would silently ignore changed files or feedback.
        except Exception:  # noqa: BLE001
            problem = traceback.format_exc()
            if problem != reported:
                console.error(problem)
            reported = problem
        else:
            reported = ""


def _in_parallel(pools: Iterable[Pool], action: Callable[[Pool], None]) -> None:
    threads = [threading.Thread(target=action, args=(pool,)) for pool in pools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
