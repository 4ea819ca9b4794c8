"""The studio: synthetic signers of any look performing any motion, with exact ground truth.

``SignerFactory`` makes people, ``draw_look`` and ``dress`` clothe them, ``render`` and
``project_keypoints`` show them; import each from its own module.
"""
