"""Real motion on synthetic signers: a pose sequence goes in, the same motion of a signer comes out.

The one door. Numbers of the rig (rig.py) are sought that come nearest to what was seen (sight.py,
misfit.py, fit.py); the face follows landmark ratios (face.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pose_sequences.repair import Repair, RepairReport, repair
from pose_sequences.repair.scale import shoulder_width
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.studio.camera import CROWN, DISTANCE, HEADROOM, Camera
from signgen.studio.factory import Signer
from signgen.studio.figure import Pose
from signgen.studio.reenact.face import face_actions
from signgen.studio.reenact.fit import fit_frames, fit_shared
from signgen.studio.reenact.guess import Arms
from signgen.studio.reenact.misfit import Shared
from signgen.studio.reenact.numbers import Numbers
from signgen.studio.reenact.rig import Rig
from signgen.studio.reenact.sight import RIGID, SHOULDERS, Sight

__all__ = ["NoBodyError", "Reenactment", "check_body", "reenact"]


class NoBodyError(ValueError):
    """No frame shows both shoulders, without which there is no telling where a signer is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reenactment:
    """A signer about to do what a sequence shows.

    sequence: repaired; report: what repair did; shared: what the frames have in common; middle
    (3,): metres from the signer at rest to where they mostly stand.
    """

    signer: Signer
    rig: Rig
    arms: Arms
    sight: Sight
    sequence: PoseSequence
    report: RepairReport
    shared: Shared
    middle: Tensor

    @cached_property
    def actions(self) -> Tensor:
        """What the face does, (T, A)."""
        return face_actions(self.signer, self.sequence)

    def poses(self) -> Iterator[Pose]:
        """Yield the poses of consecutive frames, some at a time; as many frames as the sequence."""
        done = 0
        stretches = fit_frames(self.rig, self.arms, self.sight, self.shared, self.sequence.fps)
        for stretch in stretches:
            rotations = self.rig.rotations(stretch, self.shared.values()[2])
            actions = self.actions[done : done + len(stretch)]
            done += len(stretch)
            yield Pose(rotations, actions, Numbers.of(stretch).root - self.middle)

    def camera(self, size: tuple[int, int]) -> Camera:
        """Return the camera that sees the signer where the sequence shows them.

        size: width and height in pixels; in another shape than the sequence's it shows more.
        """
        units, distance, _, _ = self.shared.values()
        width, height = size
        factor = min(width / self.sequence.width, height / self.sequence.height)
        pixels = units * shoulder_width(self.sequence) / SHOULDERS * factor
        x, y, z = (self.rig.body.shoulders - self.middle).tolist()
        camera = (x, y + DISTANCE - distance, z), pixels * distance / DISTANCE
        return Camera(*camera, size)

    def without_legs(self, camera: Camera) -> Camera:
        """Return the camera, or a nearer one where it would show that signers have no legs."""
        rows = self.signer.anatomy.skeleton.rows
        _, distance, _, _ = self.shared.values()
        pixels = camera.pixels_a_metre * DISTANCE / distance
        _, y, z = camera.centre
        half = camera.size[1] / 2 / pixels
        lowest = float(self.signer.heads[rows["upperleg01.L"], 2])
        if z - half >= lowest:
            return camera
        crown = float(self.signer.heads[rows["head"], 2]) + CROWN + HEADROOM
        highest = min(z + half, crown)
        scale = 2 * half / (highest - lowest)
        centre = float(self.rig.body.shoulders[0]), y, (highest + lowest) / 2
        return Camera(centre, camera.pixels_a_metre * scale, camera.size)


def check_body(sequence: PoseSequence) -> None:
    """Raise NoBodyError for a sequence that no signer can do."""
    shoulders = sequence.points.find(("body.left_shoulder", "body.right_shoulder"))
    if not (sequence.confidence[:, shoulders] > FAINT).all(1).any():
        raise NoBodyError("shows both shoulders in no frame")


def reenact(signer: Signer, sequence: PoseSequence, settings: Repair | None = None) -> Reenactment:
    """Prepare a signer to do what a sequence shows; any layout, any frame rate, any length.

    settings: of the repair that comes first. Raises NoBodyError, and MissingHandsError where hands
    are missing and that is the policy.
    """
    check_body(sequence)
    repaired, report = repair(sequence, settings)
    sight = Sight.of(repaired)
    rig = Rig.of(signer, torch.tensor(RIGID))
    arms = Arms.of(rig)
    shared, middle = fit_shared(rig, arms, sight)
    return Reenactment(
        signer=signer,
        rig=rig,
        arms=arms,
        sight=sight,
        sequence=repaired,
        report=report,
        shared=shared,
        middle=middle,
    )
