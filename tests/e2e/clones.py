"""Generated projects, as somebody who clones one finds them."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.installation import run_git


def check_clone(url: str, folder: Path) -> None:
    """Clone a generated project and run its own tests; there have to be some."""
    run_git("clone", "--quiet", url, str(folder))
    tests = subprocess.run([sys.executable, "-m", "unittest"], cwd=folder, capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stderr
    assert "Ran 0 tests" not in tests.stderr
