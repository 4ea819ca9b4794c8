"""How exactly a pipeline computes: its networks' numbers, which are the caller's choice.

Latents, steps and the components of our autoencoder stay in float32 whatever is chosen.
"""

import torch
from torch import nn

from signgen.models.autoencoder import BlockAutoencoder
from signgen.pipeline import SignVideoPipeline

PRECISIONS = ("auto", "float32", "bfloat16")


def native_precision(device: torch.device) -> torch.dtype:
    """Return the fastest numbers that a device computes with natively: bfloat16 or float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        cpu = torch.cpu
        native = device.type == "cpu" and (
            cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()
        )
    return torch.bfloat16 if native else torch.float32


def named_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the numbers of a name of PRECISIONS, or for ``auto`` what a device has natively."""
    chosen: torch.dtype = getattr(torch, name) if name != "auto" else native_precision(device)
    return chosen


def cast(pipeline: SignVideoPipeline, dtype: torch.dtype) -> None:
    """Let the networks of a pipeline compute with ``dtype``, by casting their weights."""
    for part in pipeline.components.values():
        if isinstance(part, BlockAutoencoder):  # its own buffers are the components
            for layer in part.children():
                layer.to(dtype)
        elif isinstance(part, nn.Module):
            nn.Module.to(part, dtype)  # that of diffusers warns of what is not so here
