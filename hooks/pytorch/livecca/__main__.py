"""``python -m livecca`` is the program ``livecca``, also where its command is not on the path."""

import sys

from livecca._program import main

sys.exit(main())
