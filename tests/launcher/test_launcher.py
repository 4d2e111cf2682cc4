"""./lockrig as a shell script: set-up, messages and hand-over, without network or root.

Each test runs a copy of the script in a directory of its own. The tools that it calls
are stubs on a PATH that holds nothing else but what the script's own shell needs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL_TOOLS = (
    "bash cat dirname env flock mkdir nproc readlink rm sed sleep tail".split()
)
DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
FEDORA = 'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40"\n'

# What the program was given, so that the tests can see the hand-over.
PROGRAM = """
import os, signal, sys
print(os.getpid(), sys.executable, os.environ["PYTHONPATH"], sys.argv[1:])
print(os.environ["LOCKRIG_PROGRAMS"])
if sys.argv[1:2] == ["exit"]:
    sys.exit(int(sys.argv[2]))
if sys.argv[1:2] == ["pause"]:
    sys.stdout.flush()
    signal.pause()
"""


def packages() -> list[str]:
    lines = (ROOT / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class Checkout:
    """A copy of the script with a stand-in program and stub tools."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "check out"
        self.tools = folder / "tools"
        self.calls = folder / "calls"
        program = self.root / "python" / "lockrig"
        program.mkdir(parents=True)
        (program / "__init__.py").touch()
        (program / "__main__.py").write_text(PROGRAM)
        shutil.copy(ROOT / "lockrig", self.root)
        shutil.copy(ROOT / "packages.txt", self.root)
        self.tools.mkdir()
        self.calls.touch()
        for tool in SHELL_TOOLS:
            found = shutil.which(tool, path="/usr/bin:/bin")
            assert found, tool
            (self.tools / tool).symlink_to(found)
        self.os_release = folder / "os-release"

    def stub(self, name: str, body: str = "") -> None:
        """A tool that notes its call, then does `body`."""
        (self.tools / name).unlink(missing_ok=True)
        path = self.tools / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"{self.calls}"\n{body}\n')
        path.chmod(0o755)

    def on_fedora(self) -> None:
        """A distribution where the tools come from PATH and nothing is installed."""
        self.os_release.write_text(FEDORA)
        self.stub(
            "cmake", f'mkdir -p "{self.root}/build"; >"{self.root}/build/build.ninja"'
        )
        self.stub("ninja", 'echo "ninja: no work to do."')
        self.stub("g++")

    def on_debian(self, *, absent: list[str]) -> None:
        self.os_release.write_text(DEBIAN)
        present = [name for name in packages() if name not in absent]
        lines = "".join(f"installed {name}\\n" for name in present)
        self.stub("dpkg-query", f"printf '{lines}'; exit {1 if absent else 0}")
        self.stub("apt-get", "echo E: apt-get says no; exit 100")
        self.stub("dpkg")

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": str(self.tools),
            "HOME": str(self.root),
            "LOCKRIG_OS_RELEASE": str(self.os_release),
            **more,
        }

    def run(
        self, *arguments: str, script: Path | None = None, cwd: str = "/", **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(script or self.root / "lockrig"), *arguments],
            cwd=cwd,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=30,
        )

    def called(self, tool: str) -> list[str]:
        lines = self.calls.read_text().splitlines()
        return [line for line in lines if line.split()[0] == tool]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_packages_are_well_formed_and_sorted_within_their_groups() -> None:
    groups: dict[str, list[str]] = {}
    group = ""
    for line in (ROOT / "packages.txt").read_text().splitlines():
        if re.fullmatch(r"# (build|run|test)", line):
            group = line[2:]
            groups[group] = []
        elif line and not line.startswith("#"):
            assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", line), line
            groups[group].append(line)
    assert list(groups) == ["build", "run", "test"]
    for names in groups.values():
        assert names == sorted(names)
    assert len(packages()) == len(set(packages()))
    assert "libboost1.81-dev" in packages()


@pytest.mark.parametrize("script", ["lockrig", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


def test_without_root_or_sudo_it_names_the_command_to_run(checkout: Checkout) -> None:
    checkout.on_debian(absent=["ccache", "libfmt-dev"])
    checkout.stub("id", "echo 1000")
    result = checkout.run("nightly")
    assert result.returncode == 2
    assert "only root or sudo may install them" in result.stderr
    assert result.stderr.endswith(
        "apt-get install --no-install-recommends ccache libfmt-dev\n"
    )
    assert checkout.called("apt-get") == []


def test_without_root_it_installs_through_sudo(checkout: Checkout) -> None:
    checkout.on_debian(absent=["libfmt-dev"])
    checkout.stub("id", "echo 1000")
    checkout.stub("sudo", 'exec "$@"')
    (checkout.tools / "true").symlink_to("/bin/true")
    checkout.run("nightly")
    assert len(checkout.called("sudo")) == 4  # may it, dpkg, update, install
    assert checkout.called("apt-get")[-1].endswith("--no-install-recommends libfmt-dev")


def test_a_failed_installation_shows_what_apt_said(checkout: Checkout) -> None:
    checkout.on_debian(absent=["libfmt-dev"])
    checkout.stub("id", "echo 0")
    result = checkout.run("nightly")
    assert result.returncode == 2
    assert "installing 1 Debian packages" in result.stderr
    assert "E: apt-get says no" in result.stderr
    assert result.stdout == ""


def test_another_distribution_is_told_the_list_and_goes_on(checkout: Checkout) -> None:
    checkout.on_fedora()
    checkout.stub("apt-get")
    result = checkout.run("exit", "0")
    assert result.returncode == 0
    assert "this is Fedora Linux 40" in result.stderr
    assert " ".join(packages()) in result.stderr
    assert "going on" in result.stderr
    assert checkout.called("apt-get") == []
    assert checkout.run("exit", "0").stderr == ""  # once is enough


def test_another_distribution_without_the_tools_exits_2(checkout: Checkout) -> None:
    checkout.on_fedora()
    (checkout.tools / "g++").unlink()
    (checkout.tools / "ninja").unlink()
    result = checkout.run("exit", "0")
    assert result.returncode == 2
    assert "not found: g++, ninja\n" in result.stderr
    assert not (checkout.root / "build").exists()


def test_debians_next_release_counts_as_another_distribution(
    checkout: Checkout,
) -> None:
    checkout.on_fedora()
    checkout.os_release.write_text(DEBIAN.replace("12", "13"))
    assert "this is Debian GNU/Linux 13" in checkout.run("exit", "0").stderr


def test_hands_over_arguments_interpreter_and_exit_status(checkout: Checkout) -> None:
    checkout.on_fedora()
    checkout.stub("python3", "echo the wrong python; exit 9")
    result = checkout.run("exit", "3", "a b", "", PYTHONPATH="/elsewhere")
    assert result.returncode == 3
    assert "/usr/bin/python3" in result.stdout
    assert f"{checkout.root}/python:/elsewhere" in result.stdout
    assert f"{checkout.root}/build/rig\n" in result.stdout
    assert "['exit', '3', 'a b', '']" in result.stdout


def test_works_through_a_symlink_from_any_directory(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.on_fedora()
    link = tmp_path / "link"
    link.symlink_to("check out/lockrig")
    # A package of the same name where the caller stands must not be taken for ours.
    (tmp_path / "lockrig").mkdir()
    (tmp_path / "lockrig" / "__init__.py").touch()
    (tmp_path / "lockrig" / "__main__.py").write_text("raise SystemExit(9)")
    result = checkout.run("exit", "0", script=link, cwd=str(tmp_path))
    assert result.returncode == 0
    assert f"{checkout.root}/python" in result.stdout


def test_the_program_takes_the_scripts_place_and_gets_its_signals(
    checkout: Checkout,
) -> None:
    checkout.on_fedora()
    child = subprocess.Popen(
        [str(checkout.root / "lockrig"), "pause"],
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    assert int(child.stdout.readline().split()[0]) == child.pid
    # A program that runs holds no lock against the next call.
    assert checkout.run("exit", "0").returncode == 0
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=10) == -signal.SIGTERM


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("nightly", ""),
        ("test", " tests"),
        ("benchmark", " lockrig_benchmark lockrig_hardware_path"),
        ("rehearse -- true", " lockrig_rehearsal lockrig_tty"),
        ("twin --model 6000i", " lockrig_rehearsal lockrig_tty"),
        ("nightly --bench bench.toml", " lockrig_rehearsal lockrig_tty"),
        ("run x --bench=bench.toml -k y", " lockrig_rehearsal lockrig_tty"),
        ("nightly --bench other.toml", ""),
        ("nightly --bench", ""),
        ("nightly --bench missing.toml", ""),
    ],
)
def test_builds_only_what_the_command_needs(
    checkout: Checkout, tmp_path: Path, command: str, targets: str
) -> None:
    checkout.on_fedora()
    (tmp_path / "bench.toml").write_text('# a bench\nkind = "rehearsal"\n')
    (tmp_path / "other.toml").write_text('kind = "hardware"\n')
    words = command.split()
    result = checkout.run(*words, cwd=str(tmp_path), LOCKRIG_JOBS="3")
    assert result.returncode == 0
    (call,) = checkout.called("ninja")
    assert call.endswith(f" -j 3 lockrig_python lockrig_guard{targets}")


def test_configures_once_and_again_after_a_move(checkout: Checkout) -> None:
    checkout.on_fedora()
    assert "configuring" in checkout.run("exit", "0").stderr
    assert "configuring" not in checkout.run("exit", "0").stderr
    moved = checkout.root.rename(checkout.root.with_name("moved"))
    assert "configuring" in checkout.run("exit", "0", script=moved / "lockrig").stderr


def test_a_configuration_that_failed_is_begun_again(checkout: Checkout) -> None:
    checkout.on_fedora()
    checkout.stub("cmake", "echo CMake Error: no compiler; exit 1")
    result = checkout.run("exit", "0")
    assert result.returncode == 2
    assert "CMake Error: no compiler" in result.stderr
    checkout.on_fedora()
    assert checkout.run("exit", "0").returncode == 0


def test_a_failed_build_shows_the_compilers_words(checkout: Checkout) -> None:
    checkout.on_fedora()
    checkout.stub(
        "ninja", "echo '[1/2] g++'; echo error: expected semicolon >&2; exit 1"
    )
    result = checkout.run("exit", "0")
    assert result.returncode == 2
    assert result.stderr.count("building (log:") == 1
    assert "error: expected semicolon" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "2 -k"])
def test_a_bad_number_of_jobs_is_refused(checkout: Checkout, jobs: str) -> None:
    checkout.on_fedora()
    result = checkout.run("exit", "0", LOCKRIG_JOBS=jobs)
    assert result.returncode == 2
    assert f"LOCKRIG_JOBS={jobs}" in result.stderr


def test_calls_at_the_same_time_set_up_one_after_the_other(checkout: Checkout) -> None:
    checkout.on_fedora()
    checkout.stub(
        "ninja",
        f'echo "begin" >>"{checkout.calls}"; sleep 0.2; echo "end" >>"{checkout.calls}"',
    )
    children = [
        subprocess.Popen(
            [str(checkout.root / "lockrig"), "exit", "0"],
            env=checkout.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    assert [child.wait(timeout=30) for child in children] == [0, 0, 0]
    marks = [
        line
        for line in checkout.calls.read_text().splitlines()
        if line in ("begin", "end")
    ]
    assert marks == ["begin", "end"] * 3
    assert len(checkout.called("cmake")) == 1
