"""`python -m mxprobe` is the command `mxprobe`."""

from mxprobe.cli import main

if __name__ == "__main__":
    main(prog_name="mxprobe")
