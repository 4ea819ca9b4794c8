"""The 468-point MediaPipe face mesh: its contours, its mirror image and its cousin with 68 points.

Plain tables; where a landmark layout keeps these points is the business of layout.py.
"""

NUM_POINTS = 468
NUM_POINTS_WITH_IRIS = 478

# Closed contours repeat their first point at the end.
OVAL = (
    *(10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),
    *(377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356, 389, 251, 284, 332, 297, 338, 10),
)
OUTER_LIPS = (
    *(0, 37, 39, 40, 185, 61, 146, 91, 181, 84, 17),
    *(314, 405, 321, 375, 291, 409, 270, 269, 267, 0),
)
INNER_LIPS = (
    *(13, 82, 81, 80, 191, 78, 95, 88, 178, 87, 14),
    *(317, 402, 318, 324, 308, 415, 310, 311, 312, 13),
)
RIGHT_EYE = (7, 33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (249, 263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
RIGHT_BROW_LOWER = (46, 53, 52, 65, 55)
RIGHT_BROW_UPPER = (70, 63, 105, 66, 107)
LEFT_BROW_LOWER = (276, 283, 282, 295, 285)
LEFT_BROW_UPPER = (300, 293, 334, 296, 336)
NOSE_RIDGE = (168, 6, 197, 195, 5, 4)
NOSE_BASE = (98, 97, 2, 326, 327)

# The refined mesh adds a centre and a ring of four points for each iris.
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)

# What "reduced" pose files keep of the face.
CONTOUR_POINTS = tuple(
    sorted(
        {
            *OVAL,
            *OUTER_LIPS,
            *INNER_LIPS,
            *RIGHT_EYE,
            *LEFT_EYE,
            *RIGHT_BROW_LOWER,
            *RIGHT_BROW_UPPER,
            *LEFT_BROW_LOWER,
            *LEFT_BROW_UPPER,
        }
    )
)

_MIDLINE = (
    *(0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19),
    *(94, 151, 152, 164, 168, 175, 195, 197, 199, 200),
)

# The mesh point nearest to each of the 68 face points of COCO-WholeBody and OpenPose (iBUG order).
NEAREST_TO_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)

# OpenPose's face adds the pupils: 68 on the right, 69 on the left.
PUPILS = (RIGHT_IRIS[0], LEFT_IRIS[0])


def _mirrored_mesh() -> tuple[int, ...]:
    # The mesh numbers its midline and right half below 248 and repeats the right half, in the same
    # order, from 248 on.
    right = [i for i in range(248) if i not in _MIDLINE]
    table = list(range(NUM_POINTS_WITH_IRIS))
    for i, j in zip(right, range(248, NUM_POINTS), strict=True):
        table[i], table[j] = j, i
    # Each ring runs the same way in the picture, so mirroring swaps its first and third point.
    for i, j in zip(RIGHT_IRIS, (473, 476, 475, 474, 477), strict=True):
        table[i], table[j] = j, i
    return tuple(table)


MIRRORED = _mirrored_mesh()

_MIRRORED_68 = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
MIRRORED_70 = (*_MIRRORED_68, 69, 68)
