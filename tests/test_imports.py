"""What may import what, seen from outside: light imports stay light, the wheel is complete."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "diffusers", "mediapipe", "cv2", "decord", "imageio_ffmpeg", "pyarrow", "click")


def modules_of(package: str) -> list[str]:
    """Return the dotted names of a package's modules."""
    files = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def test_importing_all_of_pose_sequences_loads_nothing_heavy() -> None:
    script = (
        f"import importlib, sys\n"
        f"for name in {modules_of('pose_sequences')!r}: importlib.import_module(name)\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.light
def test_the_light_packages_import_here() -> None:
    for name in modules_of("pose_sequences"):
        __import__(name)


def test_the_wheel_holds_the_three_packages_and_their_data(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a build leaves files beside what it builds
    for package in ("signgen", "pose_sequences", "temporal", "scripts", "tests"):
        shutil.copytree(ROOT / package, source / package)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), str(source)),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    inside = [name for name in names if ".dist-info/" not in name]
    assert {name.split("/")[0] for name in inside} == {"signgen", "pose_sequences", "temporal"}
    for package in ("signgen", "pose_sequences", "temporal"):
        assert f"{package}/py.typed" in names
        assert {n for n in inside if n.startswith(f"{package}/") and n.endswith(".py")} == {
            str(file.relative_to(ROOT)) for file in (ROOT / package).rglob("*.py")
        }
    examples = [
        str(file.relative_to(ROOT))
        for ending in ("npz", "png", "webp", "json")
        for file in (ROOT / "signgen" / "examples").rglob(f"*.{ending}")
    ]
    pages = ("signgen/evaluation/page/page.css", "signgen/evaluation/page/page.js")
    assert "signgen/examples/hello.npz" in examples
    assert {*examples, *pages} <= {*names}
