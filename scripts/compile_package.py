"""A build hook that compiles a part of the package with mypyc; `docs/compiled.rst` is about it.

It runs only where ``HATCH_BUILD_HOOK_ENABLE_CUSTOM`` is set. pyproject.toml lists the modules. They
are compiled in a copy: what a compiler leaves beside the source would be imported in its place.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "flask_socketio"
#: What setuptools runs. ``build_ext --inplace`` leaves each module beside its source, and what they
#: share beside the package.
SETUP = """
from mypyc.build import mypycify
from setuptools import setup

options = ["--config-file=", "--ignore-missing-imports", "--python-version={version}"]
setup(
    name={package!r},
    ext_modules=mypycify(
        [*options, *{files!r}], group_name={package!r}, opt_level="3", debug_level="0"
    ),
)
"""


class CompilingHook(BuildHookInterface[BuilderConfig]):
    """Adds the compiled modules to a wheel, beside their source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and note what belongs into the wheel; called before it is written.

        :param version: ``editable`` for a development installation, which stays what it is.
        """
        if version == "editable":
            return
        self._folder = TemporaryDirectory()
        place = Path(self._folder.name).resolve()
        shutil.copytree(Path(self.root, "src", PACKAGE), place / PACKAGE)
        compile_modules(place, self.config["modules"])
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for built in (*place.glob("*.so"), *(place / PACKAGE).rglob("*.so")):
            build_data["force_include"][str(built)] = str(built.relative_to(place))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the copy, once the wheel is written."""
        if version != "editable":
            self._folder.cleanup()


def compile_modules(place: Path, modules: list[str]) -> None:
    """Compile modules of the package in a folder.

    :param modules: their paths below the package, without the suffix.
    :raises SystemExit: the compiler refused; what it said is on standard error.
    """
    files = [f"{PACKAGE}/{module}.py" for module in modules]
    python = "{}.{}".format(*sys.version_info)
    script = place / "setup.py"
    script.write_text(SETUP.format(package=PACKAGE, files=files, version=python))
    command = [sys.executable, script.name, "-q", "build_ext", "--inplace"]
    compiled = subprocess.run(command, cwd=place, text=True, capture_output=True)
    if compiled.returncode != 0:
        print(compiled.stdout, compiled.stderr, sep="", file=sys.stderr)
        raise SystemExit("error: mypyc or the C compiler failed; what it said is above")
