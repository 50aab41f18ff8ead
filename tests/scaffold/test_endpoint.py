"""`make endpoint` and `make remove`: names, the template's text, and both commands in a copy of the project."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from local import handlers
from local.handlers import Handler
from scaffold import template
from scaffold.endpoint import add_block, add_endpoint, remove_endpoint
from scaffold.names import ScaffoldError, Url
from scaffold.plan import Plan
from tests.support import ROOT
from tests.support.copies import COMMIT, errors_of, files_of_page, git, run
from tests.support.slow import in_make_thorough

TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")


# Names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "function", "name", "parameters"),
    [
        ("/api/made-up", "MadeUpFunction", "made_up", []),
        ("/api/sign-up", "SignUpFunction", "sign_up", []),
        ("/api/teams/{teamId}/members", "TeamsByIdMembersFunction", "teams_by_id_members", ["team_id"]),
    ],
)
def test_names_follow_from_the_path(path: str, function: str, name: str, parameters: list[str]) -> None:
    url = Url.parse(path)
    assert (url.function, url.name, url.parameters) == (function, name, parameters)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("greetings", "is not a path of the API: it starts with /api/"),
        ("/greetings", "is not a path of the API"),
        ("/api/made-up/", "has no slash at the end"),
        ("/api/", "has no slash at the end"),
        ("/api/Greetings", "'Greetings' in /api/Greetings is neither lower-case words"),
        ("/api/a//b", "'' in /api/a//b is neither"),
        ("/api/a/../b", "'..' in"),
        ("/api/a b", "'a b' in"),
        ("/api/{id}", "starts with a parameter"),
        ("/api/a/{class}", "The parameter class of"),
        ("/api/a/{b}/c/{b}", "or there are two"),
        ("/api/a/{b", "'{b' in"),
    ],
)
def test_path_that_cannot_be_served_is_refused(path: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message.replace("{", r"\{").replace(".", r"\.")):
        Url.parse(path)


# The template's text -------------------------------------------------------------------------------


def test_block_is_added_in_the_order_of_the_paths_and_removed_without_a_trace() -> None:
    changed = template.with_block(TEMPLATE, "/api/made-up", "  MadeUpFunction:\n    Type: none\n")
    paths = [block.path for block in template.blocks(changed)]
    assert paths == sorted(paths)
    assert "/api/made-up" in paths
    assert template.without_block(changed, "/api/made-up") == TEMPLATE


def test_last_block_is_added_before_the_jobs() -> None:
    changed = template.with_block(TEMPLATE, "/api/zebras", "  ZebrasFunction:\n    Type: none\n")
    assert template.blocks(changed)[-1].path == "/api/zebras"
    assert template.without_block(changed, "/api/zebras") == TEMPLATE


def test_costly_path_is_removed_from_the_route_settings_and_the_others_keep_their_values() -> None:
    changed = template.without_block(TEMPLATE, "/api/auth/change-email")
    assert "ANY /api/auth/change-email" not in changed
    assert (
        "ANY /api/auth/change-password: &costly\n          ThrottlingRateLimit: !Ref CostlyThrottlingRate\n" in changed
    )


def test_path_with_a_block_is_refused() -> None:
    with pytest.raises(ScaffoldError, match=r"template.yaml has a function for /api/health already\."):
        template.with_block(TEMPLATE, "/api/health", "")


# Plans ---------------------------------------------------------------------------------------------


def test_path_below_a_path_makes_its_handler_the_index() -> None:
    plan = Plan()
    add_endpoint(plan, Url.parse("/api/health/details"), ["GET"], "admin")
    assert plan.exists("functions/health/index/app.py")
    assert plan.exists("functions/health/details/app.py")
    assert not plan.exists("functions/health/app.py")
    assert "CodeUri: functions/health/index\n" in plan.read("template.yaml")


def test_removing_the_path_below_a_path_moves_its_handler_back() -> None:
    plan = Plan()
    remove_endpoint(plan, Url.parse("/api/auth/sessions/{sessionId}"))
    assert plan.exists("functions/auth/sessions/app.py")
    assert not plan.exists("functions/auth/sessions/index/app.py")


def test_removal_names_what_still_mentions_the_path() -> None:
    left = remove_endpoint(Plan(), Url.parse("/api/contact"))
    assert any(line.startswith("tests/functions/test_aws_failures.py:") for line in left)


@pytest.mark.parametrize(
    ("verbs", "who", "message"),
    [
        (["FETCH"], "caller", "VERBS=FETCH: the verbs are GET, POST, PUT, PATCH, DELETE"),
        ([], "caller", "VERBS=: the verbs are"),
        (["GET"], "nobody", "FOR=nobody: who may call is caller, admin, anyone"),
    ],
)
def test_unknown_verbs_and_callers_are_refused(verbs: list[str], who: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        add_endpoint(Plan(), Url.parse("/api/made-up"), verbs, who)


def test_unknown_path_cannot_be_removed() -> None:
    with pytest.raises(ScaffoldError, match=r"template.yaml has no function for /api/made-up\."):
        remove_endpoint(Plan(), Url.parse("/api/made-up"))


HANDLER = 'from shared.web.api import Api\n\napi = Api("/api/made-up/{thingId}")\nhandler = api.handler\n'


def test_handler_that_is_there_gets_the_block_that_the_runner_shows() -> None:
    plan = Plan()
    plan.create("functions/made_up/by_id/app.py", HANDLER)
    add_block(plan, Url.parse("/api/made-up/{thingId}"), "caller")
    changed = plan.read("template.yaml")
    assert handlers.block(Handler("functions/made_up/by_id", "/api/made-up/{thingId}")) in changed
    assert template.without_block(changed, "/api/made-up/{thingId}") == TEMPLATE
    assert plan.read("functions/made_up/by_id/app.py") == HANDLER


def test_block_for_a_handler_of_another_path_is_refused() -> None:
    plan = Plan()
    plan.create("functions/made_up/app.py", HANDLER)
    with pytest.raises(ScaffoldError, match=r"functions/made_up/app.py does not declare Api\(\"/api/made-up\"\)"):
        add_block(plan, Url.parse("/api/made-up"), "caller")


# In a copy of the project --------------------------------------------------------------------------


@pytest.mark.thorough
@in_make_thorough
def test_handler_that_is_not_committed_yet_gets_its_block(copy: Path) -> None:
    new = ["-m", "scaffold", "endpoint", "/api/made-up/{thingId}", "--verbs", ""]
    assert "VERBS=: the verbs are" in run(copy, *new, status=1)
    file = copy / "functions/made_up/by_id/app.py"
    file.parent.mkdir(parents=True)
    file.write_text(f'"""/api/made-up/{{thingId}}: an example."""\n\n{HANDLER}')
    assert "changed template.yaml" in run(copy, *new)
    assert "CodeUri: functions/made_up/by_id\n" in (copy / "template.yaml").read_text()
    run(copy, "-m", "scaffold.sync", "--check")
    file.with_name("other.py").touch()
    assert "has a function for /api/made-up/{thingId} already" in run(copy, *new, status=1)


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["caller", pytest.param("anyone", marks=in_make_thorough)])
def test_endpoint_works_and_is_removed_without_a_trace(copy: Path, who: str) -> None:
    new = ["endpoint", "/api/made-up/{thingId}", "--verbs", "GET POST PUT PATCH DELETE", "--for", who]
    assert "+api = Api(" in run(copy, "-m", "scaffold", *new, "--dry")
    assert git(copy, "status", "--porcelain", "--untracked-files=no") == ""
    run(copy, "-m", "scaffold", *new)
    run(copy, "-m", "ruff", "check")
    run(copy, "-m", "ruff", "format", "--check")
    run(copy, "-m", "mypy", "functions/made_up", "tests/functions/test_made_up_by_id.py")
    tests = ["tests/functions/test_made_up_by_id.py", "tests/functions/test_errors_of_inputs.py"]
    tests += ["tests/functions/test_every_path.py", "tests/functions/test_proxies.py", "tests/scaffold/test_sync.py"]
    assert " passed" in run(copy, "-m", "pytest", "-q", *tests, "-k", errors_of("made-up"))
    assert "There are changes that are not committed" in run(copy, "-m", "scaffold", "remove", new[1], status=1)
    git(copy, "add", "--all")
    subprocess.run([*COMMIT, "made up"], cwd=copy, check=True)
    run(copy, "-m", "scaffold", "remove", "/api/made-up/{thingId}")
    assert git(copy, "diff", "HEAD~1", "--stat") == ""
    assert git(copy, "ls-files", "--others", "--exclude-standard") == ""


@pytest.mark.thorough
def test_endpoint_of_the_page_works(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = "docs/add-endpoint.md"
    files = files_of_page(page)
    assert len(files) == 3
    started = time.monotonic()
    run(copy, "-m", "scaffold", "endpoint", "/api/greetings", "--verbs", "POST", "--for", "caller")
    for name, text in files.items():
        assert (copy / name).exists(), f"make endpoint does not write {name}"
        (copy / name).write_text(text)
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    written = (copy / "template.yaml").read_text()
    assert template.without_block(written, "/api/greetings") == TEMPLATE
    own = block.partition("\n")[2]
    (copy / "template.yaml").write_text(template.with_block(TEMPLATE, "/api/greetings", own))
    assert block in (copy / "template.yaml").read_text()
    run(copy, "-m", "scaffold.sync")
    with capsys.disabled():
        print(f"\n{page} took {time.monotonic() - started:.0f} s")  # noqa: T201  # for the reader
    run(copy, "-m", "ruff", "check")
    run(copy, "-m", "ruff", "format", "--check")
    run(copy, "-m", "mypy", "functions/greetings", "tests/functions/test_greetings.py")
    tests = ["tests/functions/test_greetings.py", "tests/functions/test_errors_of_inputs.py"]
    tests += ["tests/functions/test_imports.py", "tests/scaffold/test_sync.py", "tests/test_consistency.py"]
    assert " passed" in run(copy, "-m", "pytest", "-q", *tests, "-k", errors_of("greetings"))


@pytest.mark.thorough
@in_make_thorough
def test_endpoint_that_calls_a_service_works_and_is_removed(copy: Path) -> None:
    files = files_of_page("CONTRIBUTING.md", "## Call another service")
    assert len(files) == 4
    run(copy, "-m", "scaffold", "endpoint", "/api/weather", "--verbs", "GET", "--for", "caller")
    for name, text in files.items():
        (copy / name).write_text(text)
    run(copy, "-m", "scaffold.sync")
    run(copy, "-m", "ruff", "check")
    run(copy, "-m", "ruff", "format", "--check")
    run(
        copy,
        "-m",
        "mypy",
        "functions/weather",
        "layers/shared/shared/values/weather.py",
        "tests/functions/test_weather.py",
    )
    tests = ["tests/functions/test_weather.py", "tests/functions/test_errors_of_inputs.py"]
    tests += ["tests/functions/test_imports.py", "tests/scaffold/test_sync.py", "tests/shared/test_packages.py"]
    assert " passed" in run(copy, "-m", "pytest", "-q", *tests)
    git(copy, "add", "--all")
    subprocess.run([*COMMIT, "weather"], cwd=copy, check=True)
    run(copy, "-m", "scaffold", "remove", "/api/weather")
    (copy / "layers/shared/shared/values/weather.py").unlink()
    assert git(copy, "diff", "HEAD~1", "--stat") == ""
