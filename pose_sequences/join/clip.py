"""A clip of one sign: its gloss and its frames, as a lexicon gives them."""

from dataclasses import dataclass

from pose_sequences.sequence import PoseSequence

# what finger alphabets spell with one handshape, besides single letters and digits
_DIGRAPHS = ("ch", "ll", "rr", "sch", "sz")


@dataclass(frozen=True)
class Clip:
    """One sign, with whatever stands before and after it in the recording."""

    gloss: str
    sequence: PoseSequence

    @property
    def is_letter(self) -> bool:
        """Return whether the gloss is a letter of a finger alphabet."""
        return len(self.gloss) == 1 or self.gloss.casefold() in _DIGRAPHS
