"""Poses and pixels in numpy: landmark layouts, pose files, video, extraction and drawing.

Importable without torch; it knows nothing of models. K keypoints, T frames; points are in pixels of
the frame size stored beside them; "left" is the signer's left.
"""
