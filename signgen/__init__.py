"""signgen makes a signer sign: one picture and a keypoint sequence in, an MP4 out.

Legend for shapes everywhere: B batch, T frames, C channels, H W pixels, h w latent, K keypoints,
S tokens, D width. Video is (B, T, C, H, W); pixels are in [-1, 1]; points are in pixels.
"""

__version__ = "0.1.0"
