"""Rules of the house that a tool can check: texts, import directions, old Pythons, style, types, mirrored tests, traces."""

from __future__ import annotations

import ast
import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ("en-US", "zh-CN")
PACKAGES = ("ezvtb_core", "trackers", "obs_bridge", "tools")
SOURCES = sorted([ROOT / "obs_ezvtuber.py", *(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))])
BARE_COMMANDS = ("__init__", "console", "entry", "install", "doctor", "doctor_trackers", "finding", "obs", "obs_program")
OLD_PYTHON = [
    "obs_ezvtuber.py",
    "obs_bridge",
    "ezvtb_core/__init__.py",
    "ezvtb_core/link",
    *(f"ezvtb_core/commands/{name}.py" for name in BARE_COMMANDS),
]
"""What runs inside OBS or before there is an environment: Python 3.8."""
COVERED_ELSEWHERE = {
    "obs_ezvtuber.py": "tests/ezvtb_core/commands/test_entry.py",
    "ezvtb_core/link/paths.py": "tests/ezvtb_core/link/test_environment.py",
    "ezvtb_core/link/in_process.py": "tests/ezvtb_core/link/test_host_contract.py",
    "ezvtb_core/link/worker_process.py": "tests/ezvtb_core/link/test_host_contract.py",
    "ezvtb_core/link/option.py": "tests/ezvtb_core/link/test_settings.py",
    "ezvtb_core/link/options/": "tests/ezvtb_core/link/test_settings.py",
    "trackers/context.py": "tests/trackers/test_create.py",
    "ezvtb_core/link/protocol.py": "tests/ezvtb_core/link/test_hosts.py",
    "ezvtb_core/link/threads.py": "tests/ezvtb_core/link/test_hosts.py",
    "obs_bridge/": "tests/obs/test_source.py",
    "tools/puppet/": "tests/tools/puppet/test_build.py",
    "ezvtb_core/export/unet.py": "tests/ezvtb_core/export/test_tha4.py",
    "ezvtb_core/rewrite/": "tests/ezvtb_core/rewrite/test_rewrite.py",
    "ezvtb_core/backends/siren.py": "tests/ezvtb_core/backends/test_cpu.py",
    "ezvtb_core/backends/painted.py": "tests/ezvtb_core/backends/test_cpu.py",
    "ezvtb_core/commands/console.py": "tests/ezvtb_core/commands/test_entry.py",
    "ezvtb_core/commands/gif_palette.py": "tests/ezvtb_core/commands/test_writers.py",
    "ezvtb_core/commands/film.py": "tests/ezvtb_core/commands/test_writers.py",
    "ezvtb_core/commands/test.py": "tests/ezvtb_core/commands/test_entry.py",
}
"""Module → the test file that covers it, where that is not the mirrored one. A name ending in / stands for a folder."""
SPEAKS = re.compile(r"^(Notice|\w*Error|BackendUnavailable|text|tell|say)$")
"""Names of the calls whose first argument is the code of a sentence."""
ALLOWED_IMPORTS = {
    "obs_bridge": {"obs_bridge.", "ezvtb_core.link.", "obspython."},
    "ezvtb_core/link": {"ezvtb_core.link."},
    "trackers": {"trackers.", "ezvtb_core.pose.", "ezvtb_core.link."},
    "ezvtb_core/commands": {"ezvtb_core.", "trackers."},
    "ezvtb_core": {"ezvtb_core."},
}
"""Package → which of our packages it may import, with what is in them; the longest matching entry counts."""
MAY_SEE_MORE = {"ezvtb_core/assemble.py": {"trackers."}, "ezvtb_core/link/in_process.py": {"ezvtb_core."}}
TRACES = re.compile(r"/(?:root|work|home/\w+)/|[A-Z]:\\\\?Users\\\\?\w+|/tmp/\w")
LEFTOVERS = re.compile(r"\b(TO[D]O|FIX[M]E|X{3}|HA[C]K)\b")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def tables(locale: str) -> dict[str, dict[str, str]]:
    folder = ROOT / "data" / "locale" / locale
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}


def texts() -> dict[str, str]:
    return {code: sentence for table in tables("en-US").values() for code, sentence in table.items()}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in SOURCES:
        yield relative(file), ast.parse(file.read_text(encoding="utf-8"))


def test_locales_have_the_same_keys_and_placeholders() -> None:
    english, chinese = (tables(locale) for locale in LOCALES)
    assert english.keys() == chinese.keys()
    for file, sentences in english.items():
        assert list(sentences) == list(chinese[file]), f"{file}: keys or their order differ"
        for code, sentence in sentences.items():
            assert placeholders(sentence) == placeholders(chinese[file][code]), f"{file}: {code}"


def codes_said(tree: ast.Module) -> Iterator[str]:
    """Codes given to calls that say something, both branches of a choice included."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    for call in calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        first = call.args[0]
        if SPEAKS.match(name):
            for each in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                value = getattr(each, "value", None)
                if isinstance(value, str) and re.fullmatch(r"[a-z0-9_]+", value):
                    yield value


def test_every_code_has_a_sentence() -> None:
    known = texts()
    missing = {code: file for file, tree in trees() for code in codes_said(tree) if code not in known}
    assert not missing


def test_every_sentence_is_used() -> None:
    constants: set[str] = set()
    prefixes: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and str(node.left.value).endswith("_"):
                prefixes.add(str(node.left.value))
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                prefixes.add(str(node.values[0].value))
    prefixes = {prefix for prefix in prefixes if re.fullmatch(r"[a-z_]+_", prefix)}
    unused = [code for code in texts() if code not in constants and not code.startswith(tuple(prefixes))]
    assert not unused


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = str(node.module)
            # `from package import module` imports the module.
            package = (ROOT / module.replace(".", "/")).is_dir()
            yield from (f"{module}.{alias.name}" for alias in node.names) if package else (module,)


@pytest.mark.parametrize("package", ALLOWED_IMPORTS)
def test_imports_point_one_way(package: str) -> None:
    wrong = []
    for file, tree in trees():
        if max((entry for entry in ALLOWED_IMPORTS if file.startswith(entry + "/")), key=len, default="") != package:
            continue
        allowed = tuple(ALLOWED_IMPORTS[package] | MAY_SEE_MORE.get(file, set()))
        for name in imported(tree):
            ours = name.split(".")[0] in (*PACKAGES, "obspython")
            if ours and name not in ("ezvtb_core", "ezvtb_core.__version__") and not f"{name}.".startswith(allowed):
                wrong.append(f"{file} imports {name}")
    assert not wrong


def run(*command: str) -> str:
    """What a tool of the environment complains about; empty when it is content."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_what_runs_inside_obs_is_python_3_8() -> None:
    found = run("-c", "from vermin.main import main; main()", "-t=3.8-", "--no-tips", "--violations", *OLD_PYTHON)
    assert not found, found


def test_every_python_can_read_the_script() -> None:
    """The script itself says in a sentence what is wrong with an old Python, so that must be able to read it."""
    # Python 2 reads nothing but ASCII.
    tree = ast.parse((ROOT / "obs_ezvtuber.py").read_bytes().decode("ascii"), feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr))]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [node.name for node in functions if node.returns or any(each.annotation for each in node.args.args)]


def test_style() -> None:
    found = run("-m", "ruff", "check", "--no-cache", "--output-format=concise", ".")
    assert not found, found
    found = run("-m", "ruff", "format", "--no-cache", "--check", ".")
    assert not found, found


@pytest.mark.slow
@pytest.mark.needs("types")
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_types(platform: str) -> None:
    found = run("-m", "mypy", "--platform", platform)
    assert not found, found


def test_every_module_has_a_test_file() -> None:
    listed = {source: test for source, test in COVERED_ELSEWHERE.items() if (ROOT / source).exists()}
    assert not [test for test in listed.values() if not (ROOT / test).exists()], "a listed test file does not exist"
    missing = []
    for file in SOURCES:
        name = relative(file)
        covered = any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in listed)
        mirrored = ROOT / "tests" / file.relative_to(ROOT).with_name(f"test_{file.name}")
        if file.name not in ("__init__.py", "__main__.py") and not covered and not mirrored.exists():
            missing.append(name)
    assert not missing


TEXT_FILES = (".py", ".md", ".json", ".toml", ".txt", ".yml", ".yaml", "")


def published() -> Iterator[Path]:
    """Every text file that would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.suffix in TEXT_FILES and file.is_file() and file != Path(__file__):
            yield file


def test_no_traces_of_machines_and_no_leftovers() -> None:
    found = []
    for file in published():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if TRACES.search(line) or LEFTOVERS.search(line):
                found.append(f"{relative(file)}:{number}: {line.strip()[:100]}")
    assert not found
