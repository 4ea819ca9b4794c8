"""The report of a rendering: settings, where hands came from, where seams are, how fast."""

import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pose_sequences.outputs import fresh_file
from signgen.rendering.marks import marks
from signgen.rendering.script import Script

if TYPE_CHECKING:
    from signgen.rendering.shooting import Shot

_LIBRARIES = ("torch", "diffusers", "numpy", "imageio-ffmpeg")


def write_report(script: Script, shot: "Shot") -> None:
    """Write the report of a shot as JSON, where the request says."""
    request = script.request
    assert request.report
    content = json.dumps(report(script, shot), ensure_ascii=False, allow_nan=False, indent=1)
    with fresh_file(request.report, overwrite=request.overwrite) as temporary:
        temporary.write_text(content + "\n", encoding="utf-8")


def report(script: Script, shot: "Shot") -> dict[str, Any]:
    """Return the report as plain values for JSON; frames count from the first that was rendered."""
    width, height = script.framing.size
    retargeted = script.retargeted
    return {
        **marks(script),
        "output": str(script.request.output),
        "frames": script.num_frames,
        "fps": script.poses.fps,
        "width": width,
        "height": height,
        "signer": str(script.request.signer),
        "poses": str(script.request.poses),
        "settings": _settings(script),
        "windows": {
            "size": script.take.plan.size,
            "overlap": script.take.plan.overlap,
            "seams": list(script.take.seams),
        },
        "repair": script.repaired.as_json(),
        "retarget": retargeted.as_json() if retargeted else None,
        "per_frame": _per_frame(script),
        "timing": {
            "first_frame_seconds": round(shot.first_frame, 3),
            "seconds": round(shot.seconds, 3),
            "frames_per_second": round(shot.frames_per_second, 3),
        },
        "versions": _versions(),
    }


def _settings(script: Script) -> dict[str, Any]:
    request, guidance = script.request, script.steps.guidance
    return {
        "revision": request.revision,
        "steps": script.steps.num_steps,
        "shift": script.steps.shift,
        "guidance_scale": guidance.rest,
        "missing_hands": request.missing_hands,
        "align": request.align,
        "start_frame": script.take.start,
        "stop_frame": script.take.stop,
        "batch": request.batch,
        "device": script.model.pipeline.device.type,
        "model_size": list(script.model.pipeline.size),
        "scaled": script.framing.scales,
    }


def _per_frame(script: Script) -> list[dict[str, str]]:
    """Return for each frame where each hand's points come from, as the repair knows it."""
    hands = script.repaired.hands
    return [
        {hand: hands[hand].states[frame] for hand in hands}
        for frame in range(script.take.start, script.take.stop)
    ]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in _LIBRARIES}
