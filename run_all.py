"""Desruido: what does a denoiser cost at the noise variances it was not trained for?"""

import sys

from bench.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
