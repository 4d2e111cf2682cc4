"""./lockrig test"""

import os
import subprocess
import sys

import click

from lockrig.root import BUILD, ROOT


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", metavar="[PYTEST ARGUMENT]...", nargs=-1)
def test(arguments: tuple[str, ...]) -> int:
    """Run every test of the project: the C++ tests with ctest, then the Python ones.

    What is given goes to pytest. Exit status 1 if any test failed.

    \b
    Examples:
      ./lockrig test
      ./lockrig test tests/python -k outcome
    """
    if not (BUILD / "CTestTestfile.cmake").is_file():
        raise ValueError(f"{BUILD} holds no tests; ./lockrig test builds them")
    ctest = ["ctest", "--test-dir", str(BUILD), "--output-on-failure"]
    ctest += ["--no-tests=error", "-j", str(os.cpu_count() or 1)]
    # Its paths are counted from where the caller stands.
    paths = [] if any(os.path.exists(each) for each in arguments) else [ROOT / "tests"]
    pytest = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    statuses = [
        subprocess.run(command).returncode
        for command in (ctest, [*pytest, *map(str, paths), *arguments])
    ]
    return 1 if any(statuses) else 0
