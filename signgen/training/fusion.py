"""Stage 2: the fusion of source and pose is drawn to where the encoder puts the target picture."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from signgen.models.fusion import FusionEncoder
from signgen.training.scene import Scene, Stage
from signgen.training.settings import FusionTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class FusionObjective:
    """Contrast within the batch, both ways, with every source as a hard negative.

    A target must be nearer to its own fusion than to its own source: FPDM's source-enhanced loss,
    without its rows that compare a source with itself.
    """

    fusion: FusionEncoder
    scenes: Stage
    settings: FusionTraining
    stage: str = "fusion"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The encoders and the Combiner."""
        return {"fusion": self.fusion}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Scene:
        """Draw single frames; some poses are blank."""
        scene = self.scenes.draw(num_samples, 1, dice)
        there = torch.rand(num_samples, 1, 1, 1, 1, generator=dice.values, device=scene.maps.device)
        maps = scene.maps * (there >= self.settings.drop_pose)
        return Scene(
            pixels=scene.pixels,
            maps=maps,
            hands=scene.hands,
            weights=scene.weights,
            reference=scene.reference,
            reference_maps=scene.reference_maps,
        )

    def loss(self, example: Scene) -> Tensor:
        """Return the symmetric contrastive loss of each sample."""
        source = self.fusion.embed(example.reference)
        target = F.normalize(self.fusion.embed(example.pixels[:, 0]), dim=-1)
        fused = self.fusion(source, example.maps)[:, 0]
        others = F.normalize(source, dim=-1)
        sharpness = torch.exp(-self.fusion.log_temperature)
        own = torch.arange(len(target), device=target.device)
        to_fused = sharpness * target @ torch.cat((fused, others)).T  # (N, 2N)
        to_target = sharpness * fused @ torch.cat((target, others)).T
        there = F.cross_entropy(to_fused.float(), own, reduction="none")
        back = F.cross_entropy(to_target.float(), own, reduction="none")
        return (there + back) / 2
