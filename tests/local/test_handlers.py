"""Handlers without a block in template.yaml: how they are found, and the block that each lacks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local import handlers
from local.handlers import Handler
from local.template import Project, read_project
from tests.support import ROOT

GREETINGS = """from shared.web.api import Api

api = Api("/api/greetings")
handler = api.handler
"""
BLOCK = """\
  # /api/greetings --------------------------------------------------------------------------------
  GreetingsFunction:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      CodeUri: functions/greetings
      <<: *settings
      Policies:
        - !Ref CallerPolicy
      Events:
        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /api/greetings, Method: ANY}}
"""


@pytest.fixture(scope="module")
def this_project() -> Project:
    return read_project(ROOT / "template.yaml", {})


@pytest.fixture
def save(project_copy: Path) -> Callable[..., None]:
    """Saves an app.py below functions/ of a copy of the test project."""

    def write(folder: str, source: str) -> None:
        file = project_copy / "functions" / folder / "app.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)

    return write


def found(project_copy: Path) -> tuple[Handler, ...]:
    return handlers.undeclared(project_copy / "functions", read_project(project_copy / "template.yaml", {}))


# Finding them


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (GREETINGS, "/api/greetings"),
        ('api = Api("/api/users/{userId}", mostly="GET")', "/api/users/{userId}"),
        ('api = web.Api("/.well-known/x.json")', "/.well-known/x.json"),
        ('form = Form(\n    "/api/contact",\n    Message,\n)\napi = form.api', "/api/contact"),
        ('api: Api = Api("/api/files/{path+}")', "/api/files/{path+}"),
        ('class Form(Body):\n    """Fields."""\n\napi = Api("/api/a")\nform = Form(name="/b")', "/api/a"),
        ('def other():\n    Api("/api/inner")\n\napi = Api("/api/outer")', "/api/outer"),
        ("api = Api(PATH)", None),
        ('api = Api("greetings")', None),
        ('api = Api("/a b")', None),
        ('api = Api("/bro{ken")', None),
        ('api = Api("/b/{a}/{a}")', None),
        ('api = Api("/b/{a-b}")', None),
        ('api = Api("/b/")', None),
        ("def handler(event, context):\n    return {}", None),
        ('api = Api("/api/greetings"', None),
        ("\0", None),
        ("", None),
    ],
)
def test_path_is_read_from_the_code(save: Callable[..., None], project_copy: Path, source: str, path: str) -> None:
    save("more/here", source)
    assert found(project_copy) == ((Handler("functions/more/here", path),) if path else ())


def test_code_is_not_run(save: Callable[..., None], project_copy: Path, tmp_path: Path) -> None:
    save("greetings", f"{GREETINGS}\nopen({str(tmp_path / 'run')!r}, 'w')\nraise SystemExit")
    assert found(project_copy)
    assert not (tmp_path / "run").exists()


def test_handler_with_a_block_is_not_reported(save: Callable[..., None], project_copy: Path) -> None:
    save("echo", 'api = Api("/elsewhere")')
    assert found(project_copy) == ()


@pytest.mark.parametrize("path", ["/echo", "/items/{itemId}"])
def test_copied_handler_is_not_reported_until_its_path_is_its_own(
    save: Callable[..., None], project_copy: Path, path: str
) -> None:
    save("copy", f'api = Api("{path}")')
    assert found(project_copy) == ()


def test_project_without_a_folder_of_functions_has_none(tmp_path: Path, this_project: Project) -> None:
    assert handlers.undeclared(tmp_path / "functions", this_project) == ()


def test_this_project_declares_all_of_its_handlers(this_project: Project) -> None:
    assert handlers.undeclared(ROOT / "functions", this_project) == ()


# The block


def test_block_can_be_pasted() -> None:
    assert handlers.block(Handler("functions/greetings", "/api/greetings")) == BLOCK


def test_blocks_of_this_project_look_like_it(this_project: Project) -> None:
    """Apart from some names, their policies, and properties that only some functions have."""
    template = (ROOT / "template.yaml").read_text()
    for route in this_project.api.routes:
        path = str(route.path)
        folder = str(this_project.functions[route.function_name].folder.relative_to(ROOT))
        banner, _, *begin, _, _, _, event = handlers.block(Handler(folder, path)).splitlines()
        _, found, rest = template.partition(f"{banner}\n  {route.function_name}:\n")
        assert found, banner
        own = rest.partition("\n\n")[0].splitlines()
        assert own[: len(begin)] == begin
        assert own[-2:] == ["      Events:", event]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/users/{userId}", "UsersByIdFunction"),
        ("/api/sign-up", "SignUpFunction"),
        ("/.well-known/keys.json", "WellKnownKeysJsonFunction"),
        ("/files/{path+}", "FilesByIdFunction"),
    ],
)
def test_function_is_named_after_its_path(path: str, name: str) -> None:
    assert handlers.block(Handler("functions/a", path)).splitlines()[1] == f"  {name}:"


def test_path_with_a_parameter_is_quoted() -> None:
    assert 'Path: "/api/a/{aId}", Method' in handlers.block(Handler("functions/a/by_id", "/api/a/{aId}"))
