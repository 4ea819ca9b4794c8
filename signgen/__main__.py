"""``python -m signgen`` is the ``signgen`` command."""

from signgen.cli import main

if __name__ == "__main__":
    main()
