"""A recogniser that reads what is written: the first point's x says which sign it is."""

from pose_sequences.sequence import PoseSequence

LABELS = ("RED", "GREEN", "BLUE")


class Reader:
    """Scores a label the higher the nearer x / 10 of the sign's first point is to its number."""

    def labels(self) -> tuple[str, ...]:
        """Return LABELS."""
        return LABELS

    def predict(self, poses: PoseSequence, start: int, stop: int) -> list[float]:
        """Return a score for each of them."""
        said = poses.keypoints[start:stop, 0, 0].mean() / 10
        return [-abs(said - number) for number in range(len(LABELS))]


class Mute(Reader):
    """Says too little."""

    def predict(self, poses: PoseSequence, start: int, stop: int) -> list[float]:
        """Return one score."""
        return [0.0]


READER = Reader()
NOTHING = 3
