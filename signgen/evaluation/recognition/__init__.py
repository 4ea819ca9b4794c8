"""Recognition: whether the signs of a generated clip are read as what they are.

A recogniser (recogniser.py) is the studio's judge (judge.py), which learns from synthetic signers
and is examined on filmed ones, or anybody's own; verdicts.py says how its answers become figures.
No recogniser may have learned from generated video: it would read what no signer reads.
"""
