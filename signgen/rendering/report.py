"""The report of a rendering: settings, where hands came from, how steady it is, how fast it was."""

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signgen.rendering.marks import marks
from signgen.rendering.script import Script
from signgen.rendering.viewers import Findings
from signgen.stopwatch import Stopwatch

if TYPE_CHECKING:
    from signgen.rendering.shooting import Shot

_LIBRARIES = ("torch", "diffusers", "numpy", "imageio-ffmpeg")


def to_text(content: dict[str, Any]) -> str:
    """Return a report as the text of its file."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def report(script: Script, shot: "Shot", found: Findings, watch: Stopwatch) -> dict[str, Any]:
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
        "signer_keypoints": _path(script.request.signer_keypoints),
        "poses": str(script.request.poses),
        "settings": _settings(script),
        "windows": {
            "size": script.take.plan.size,
            "overlap": script.take.plan.overlap,
            "seams": list(script.take.seams),
        },
        "repair": script.repaired.as_json(),
        "retarget": retargeted.as_json() if retargeted else None,
        "steadiness": found.steadiness.as_json(),
        "redetection": _redetection(found),
        "per_frame": _per_frame(script, found),
        "timing": _timing(shot, watch),
        "versions": _versions(script),
    }


def _redetection(found: Findings) -> dict[str, Any] | None:
    if found.fault is not None:
        return {"fault": found.fault}
    return found.redetection.as_json() if found.redetection else None


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _settings(script: Script) -> dict[str, Any]:
    request, guidance = script.request, script.steps.guidance
    return {
        "revision": request.revision,
        "steps": script.steps.num_steps,
        "shift": script.steps.shift,
        "guidance_scale": guidance.rest,
        "shared_noise": script.model.pipeline.config["shared_noise"],
        "missing_hands": request.missing_hands,
        "align": request.align,
        "start_frame": script.take.start,
        "stop_frame": script.take.stop,
        "batch": script.windows.at_once,
        "device": script.model.pipeline.device.type,
        "precision": str(script.model.pipeline.unet.dtype).removeprefix("torch."),
        "model_size": list(script.model.pipeline.size),
        "scaled": script.framing.scales,
        "side_by_side": request.side_by_side,
        "label": None if script.label is None else script.label.corner,
    }


def _per_frame(script: Script, found: Findings) -> list[dict[str, Any]]:
    """Return for each frame where each hand's points come from, and what was seen in it.

    As the repair knows the hands; what was not measured is null.
    """
    hands, start = script.repaired.hands, script.take.start
    again = found.redetection.per_frame if found.redetection else ({},) * script.num_frames
    return [
        {**{hand: hands[hand].states[start + frame] for hand in hands}, "flicker": change, **seen}
        for frame, (change, seen) in enumerate(zip(found.steadiness.flicker, again, strict=True))
    ]


def _timing(shot: "Shot", watch: Stopwatch) -> dict[str, Any]:
    """Return what took how long; frames are those of the pipeline, the encoder ffmpeg."""
    return {
        "start_up_seconds": round(shot.start_up, 3),
        "first_frame_seconds": round(shot.first_frame, 3),
        "seconds": round(shot.seconds, 3),
        "frames_per_second": round(shot.frames_per_second, 3),
        "stages": {name: round(seconds, 3) for name, seconds in watch.stages.items()},
    }


def _versions(script: Script) -> dict[str, str]:
    """Return the versions of what the frames depend on, and of the detector where it looked."""
    libraries = (*_LIBRARIES, "mediapipe") if script.request.redetect else _LIBRARIES
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in libraries}
