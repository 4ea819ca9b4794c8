"""The door for launchers that want a file: accelerate launch scripts/train.py STAGE [OPTIONS].

The same as signgen train.
"""

import sys

from signgen.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]], prog_name="signgen")
