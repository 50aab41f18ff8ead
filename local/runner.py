"""The runner: its parts, started in order, kept in step with the files, and stopped in the opposite order."""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import admin
from local.aws import expiry, feedback, resources, rotation
from local.aws.client import AwsError, CloudGoneError
from local.aws.ministack import Cloud, listen
from local.aws.schedules import Schedules
from local.aws.streams import Checkpoints, Streams
from local.console import Console, RunnerError
from local.functions.pool import FunctionError, Nursery, Pool, Result, lambda_environment
from local.functions.reload import Changes, Watch
from local.page.history import History
from local.page.inbox import Inbox
from local.template import Function, read_project

_LOOK_SECONDS = 0.2
# How a line in the embedded metric format begins.
_METRIC = '{"_aws":'
_RETURN_SECONDS = 0.5
_EXPIRY_SECONDS = 60
_COMPACT_SECONDS = 5


@dataclass(frozen=True)
class Options:
    """What the command line and the environment say. `aws_port` 0 takes any free port."""

    template: Path
    data: Path
    ministack_python: Path
    port: int
    aws_port: int
    parameters: Mapping[str, str]
    admin_email: str
    admin_password: str | None


class Runner:
    """`start` it, then `stop` it, whatever happened in between."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options, self._console = options, console
        self._closing = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._pools: dict[str, Pool] = {}
        self._history = History()
        # None when the project has no accounts to make an admin in.
        self.admin_password: str | None = None

    def start(self) -> None:
        """Start everything. Raises RunnerError when something is in the way; call `stop` then too."""
        options, console = self._options, self._console
        self._socket = listen(options.port, "the API", "PORT=… or --port")
        self._closing.callback(self._socket.close)
        self._data = options.data.resolve()
        self._data.mkdir(parents=True, exist_ok=True)
        self._closing.enter_context(_only_runner(self._data))
        # Every process the runner starts holds the other end, and ends with it.
        lifeline, rope = os.pipe()
        self._closing.callback(os.close, rope)
        self._closing.callback(os.close, lifeline)

        console.progress("Starting MiniStack and reading the template …")
        self._cloud = Cloud(self._data, options.ministack_python, options.aws_port, lifeline, console)
        self._closing.callback(self._cloud.kill)
        # Looks at the template before it is read, so that nothing saved from here on is missed.
        self._watch = Watch(options.template)
        self._project = read_project(options.template, options.parameters)
        self._nursery = Nursery(self._project.layers, lifeline)
        self._closing.callback(self._nursery.stop)
        self._make_pools()
        self._watch.follow(self._folders(), self._project.layers)
        # Flask and SAM CLI's gateway: half of what there is to import, while MiniStack starts.
        from local.gateway.app import Answered, make_app  # noqa: PLC0415
        from local.gateway.server import Server  # noqa: PLC0415
        from local.page.app import Page  # noqa: PLC0415

        mails = self._data / "cloud" / "mail.jsonl"
        page = Page(Inbox(mails), self._history, self._cloud.aws)
        self._simulator = feedback.Simulator(mails)

        def answered(request: Answered) -> None:
            self._history.note(request)
            console.request(str(request), request.status)

        def application() -> Any:
            app = make_app(self._project, self._invoke, answered, self._socket.getsockname()[1])
            page.add_to(app, self._project)
            return app

        self._application = application
        app = application()
        self._cloud.wait_until_ready()
        self._create_resources()
        self._streams = Streams(
            self._cloud, Checkpoints(self._data / "streams.json", self._cloud.state().generation), console
        )
        self._closing.callback(self._finish_cloud)
        self._streams.serve(self._project.streams, self._invoke)
        self._schedules = Schedules(self._invoke, console)
        self._closing.callback(self._schedules.stop)
        self._schedules.serve(self._project.schedules)
        self._rotate()
        self._create_admin()
        self._server = Server(self._socket, app)
        self._closing.callback(self._server.stop)
        for work in (self._follow_files, self._return_mails, self._keep_house):
            threading.Thread(target=work, daemon=True).start()

    @property
    def port(self) -> int:
        """The API's port."""
        port: int = self._server.port
        return port

    @property
    def endpoint(self) -> str:
        """MiniStack's address."""
        return self._cloud.endpoint

    def stop(self) -> None:
        """Stop everything; no process is left."""
        self._stopping.set()
        self._closing.close()

    def _invoke(self, name: str, event: str, request_id: str | None = None) -> Result:
        try:
            return self._pools[name].invoke(event, request_id)
        except KeyError:
            raise FunctionError("the template no longer has it") from None

    def _said(self, function: str, request_id: str, line: str) -> None:
        # Metrics are for CloudWatch, which takes them out of the log too.
        if line.startswith(_METRIC):
            return
        self._console.output(function, line)
        if request_id:
            self._history.said(request_id, line)

    def _make_pools(self, kept: Collection[str] = ()) -> None:
        pools = {}
        for name, function in self._project.functions.items():
            environment = self._environment(function)
            new = Pool(self._nursery, function, environment, self._said)
            pools[name] = self._pools[name] if name in kept else new
        self._pools = pools

    def _environment(self, function: Function) -> dict[str, str]:
        """The function's environment, in which SAM CLI leaves a queue's name where AWS has its address."""
        endpoint = self._cloud.endpoint
        return {
            key: resources.queue_url(value, endpoint) if value in self._project.queues else value
            for key, value in lambda_environment(function, endpoint).items()
        }

    def _create_resources(self) -> None:
        made = resources.create_missing(self._project, self._cloud.aws)
        if made:
            self._console.progress(f"Created {', '.join(made)}.")

    def _rotate(self) -> None:
        for secret, function in self._project.rotations.items():
            if rotation.rotate_if_new(secret, lambda event, name=function: self._invoke(name, event), self._cloud.aws):  # type: ignore[misc]
                self._console.progress(f"Rotated {secret} for the first time.")

    def _create_admin(self) -> None:
        """Make sure that there is an admin: before anything is served, or beside it if there was one before."""
        if not any((layer / "shared" / "accounts" / "lifecycle.py").is_file() for layer in self._project.layers):
            return
        email, password = self._options.admin_email, self._options.admin_password
        self.admin_password = password = password or admin.kept_password(self._data / "admin-password")
        environment = {
            key: value for function in self._project.functions.values() for key, value in function.environment.items()
        }
        task = admin.task(environment)
        pool = Pool(self._nursery, task, self._environment(task), self._said)

        def create() -> None:
            try:
                pool.invoke(json.dumps({"email": email, "password": password}))
            except FunctionError as problem:
                raise RunnerError(f"The admin could not be created: {problem}.") from problem
            finally:
                pool.stop(0)

        def make_sure() -> None:
            try:
                create()
            except RunnerError as problem:
                self._console.warn(str(problem))

        made = admin.Note(self._data / "admin-made", email, password)
        if made.stands:
            threading.Thread(target=make_sure, daemon=True).start()
        else:
            create()
            made.write()

    def _finish_cloud(self) -> None:
        """Deliver what is on the streams, end the workers, and leave a snapshot instead of a journal."""
        self._streams.drain(2.0)
        self._streams.stop()
        _each(self._pools.values(), lambda pool: pool.stop(2.0))
        # Not vital: without a snapshot the next start replays the journal.
        with contextlib.suppress(AwsError, CloudGoneError):
            self._streams.compact(now=True)

    # What follows runs beside the requests.

    def _folders(self) -> dict[str, Path]:
        return {name: function.folder for name, function in self._project.functions.items()}

    def _follow_files(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            changes = self._watch.changes()
            if changes:
                self._apply(changes)

    def _apply(self, changes: Changes) -> None:
        if changes.template:
            self._reread()
        names = set(self._pools) if changes.layers else changes.functions & self._pools.keys()
        for name in names:
            self._pools[name].retire()
        if names:
            what = "all functions" if changes.layers else ", ".join(sorted(names))
            self._console.progress(f"Changed: {what}.")
        self._streams.retry_now()

    def _reread(self) -> None:
        before = self._project
        try:
            self._project = read_project(self._options.template, self._options.parameters)
            application = self._application()
            self._create_resources()
        except (RunnerError, AwsError, CloudGoneError) as problem:
            self._project = before
            self._console.error(f"{problem} The template as it was before is served on.")
            return
        old = self._pools
        self._nursery.use(self._project.layers)
        self._make_pools({name for name in old if before.functions.get(name) == self._project.functions.get(name)})
        self._streams.serve(self._project.streams, self._invoke)
        self._schedules.serve(self._project.schedules)
        self._server.application = application
        for name, pool in old.items():
            if self._pools.get(name) is not pool or before.layers != self._project.layers:
                pool.retire()
        self._watch.follow(self._folders(), self._project.layers)
        self._console.progress("The template has changed and is served as it is now.")
        try:
            self._rotate()
        except (RunnerError, AwsError, CloudGoneError) as problem:
            self._console.error(str(problem))

    def _return_mails(self) -> None:
        """Bounce what was mailed to SES's mailbox simulator."""
        while not self._stopping.wait(_RETURN_SECONDS):
            for route, event in self._simulator.events(self._project.feedback):
                try:
                    self._invoke(route.function, event)
                except FunctionError as problem:
                    self._console.warn(f"{route.function} failed on a {route.kind}: {problem}. It is dropped.")

    def _keep_house(self) -> None:
        rounds = 0
        while not self._stopping.wait(_COMPACT_SECONDS):
            rounds += 1
            try:
                self._streams.compact()
                if rounds * _COMPACT_SECONDS % _EXPIRY_SECONDS == 0:
                    expiry.delete_expired(resources.time_to_live(self._project), self._cloud.aws)
            except (AwsError, CloudGoneError) as problem:
                self._console.warn(f"MiniStack could not be tidied ({problem}). Trying again.")


def _each(pools: Iterable[Pool], do: Any) -> None:
    threads = [threading.Thread(target=do, args=(pool,)) for pool in pools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def _only_runner(data: Path) -> Any:
    """Hold the data directory's lock; the system lets go of it when this process ends, however it does."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RunnerError(
                f"Another runner (process {lock.read().strip()}) uses {data}. Stop it, or pass another --data DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
