"""Renders what is handed in as JSON, in a process whose memory and time are bounded; prints what came of it as JSON."""

import json
import resource
import sys

MEMORY = 1 << 30
PROCESSOR_SECONDS = 20


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    # After the bounds: also what an import costs is inside them.
    from repomill.canonical import Json
    from repomill.errors import RepomillError
    from repomill.trees import rendering
    from repomill.trees.tree import TreeFile

    given = json.load(sys.stdin)
    limits = rendering.Limits(seconds=given["seconds"])
    scope: dict[str, Json] = {"n": "name", "rows": [{"k": 1}, {"k": 2}]}
    try:
        if "folder" in given:
            files = [TreeFile(path, text.encode()) for path, text in given["folder"].items()]
            tuple(rendering.render_folder(files, scope, "tpl", limits))
        else:
            getattr(rendering, given["way"])(given["source"], scope, "tpl", limits)
        outcome = {"error": "", "text": "it rendered"}
    except RepomillError as error:
        outcome = {"error": type(error).__name__, "text": str(error)}
    json.dump(outcome, sys.stdout)


main()
