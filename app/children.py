"""The command line as a process of its own."""

import sys

# Without -P it would import an `app` that lies in the folder where it starts, as those of web projects do.
SJMVI = (sys.executable, "-P", "-m", "app.cli")
