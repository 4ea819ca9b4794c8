"""What the child processes of an extraction run: ``python -m pose_sequences.extract``."""

from pose_sequences.extract.crew import serve
from pose_sequences.extract.task import work

if __name__ == "__main__":
    serve(work)
