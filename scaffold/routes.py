"""The paths of the API: each template block with the handler it runs."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from local.template import read_project
from shared.web.api import Api
from shared.web.forms import Form

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = ROOT / "functions"


@dataclass(frozen=True)
class Route:
    """A path: its handler's folder below functions/, and what the handler declares. `form` is None unless it is one."""

    folder: str
    api: Api
    form: Form | None

    @property
    def path(self) -> str:
        """The path, such as `/api/users/{userId}`."""
        return self.api.path


def load(folder: str) -> ModuleType:
    """Import a function's app.py under a module name of its own."""
    name = f"functions.{folder.replace('/', '.')}.app"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, FUNCTIONS / folder / "app.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"functions/{folder}/app.py cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def routes() -> list[Route]:
    """Return the paths in the order of their names."""
    folders = [str(file.parent.relative_to(FUNCTIONS)) for file in FUNCTIONS.rglob("app.py")]
    modules = {folder: load(folder) for folder in folders if not folder.startswith("jobs/")}
    found = [Route(folder, module.api, getattr(module, "form", None)) for folder, module in modules.items()]
    return sorted(found, key=lambda route: route.path)


def configure() -> None:
    """Set the environment variables that the template sets: importing a handler reads them."""
    project = read_project(ROOT / "template.yaml", {})
    variables = {name: text for own in project.functions.values() for name, text in own.environment.items() if text}
    os.environ.update({**variables, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "LOG_LEVEL": "ERROR"})
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
