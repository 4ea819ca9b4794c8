"""Our pictures as the public networks were shown theirs: the whole of each, never its middle."""

import torch.nn.functional as F
from torch import Tensor

from signgen.constants import constant

Colour = tuple[float, float, float]
CLIP_MEAN: Colour = (0.48145466, 0.4578275, 0.40821073)
CLIP_SPREAD: Colour = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN: Colour = (0.485, 0.456, 0.406)
IMAGENET_SPREAD: Colour = (0.229, 0.224, 0.225)


def prepare(pictures: Tensor, size: int, mean: Colour, spread: Colour) -> Tensor:
    """Return pictures (N, 3, H, W) in [0, 1] as (N, 3, size, size), of mean 0 and spread 1.

    The centre crop that their processors make would cut off heads and hands.
    """
    if pictures.shape[-2:] != (size, size):
        exact = pictures.float()  # the only numbers in which every device can resize
        resized = F.interpolate(exact, (size, size), mode="bicubic", antialias=True)
        pictures = resized.clamp(0, 1).to(pictures.dtype)
    device, dtype = pictures.device, pictures.dtype
    middle, width = (constant(colour, device, dtype)[:, None, None] for colour in (mean, spread))
    return (pictures - middle) / width
