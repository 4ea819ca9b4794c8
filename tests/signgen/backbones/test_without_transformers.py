"""Bundled sizes need no public network, and so nothing that reads one."""

import subprocess
import sys

_SCRIPT = """
import sys

sys.modules["transformers"] = None  # what looks for it finds nothing, as without it
import signgen.training.stages
from signgen.backbones.clip import ClipFusion
from tests.signgen.training.tiny import tiny_pipeline

print(type(tiny_pipeline().unet).__name__)
try:
    ClipFusion()
except RuntimeError as error:
    print(error)
"""


def test_training_at_bundled_size_and_its_imports_work_without_transformers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "UNet2DConditionModel"
    assert second.endswith('pip install "signgen[backbones]"')
