"""What Repomill adds to starting Prefect, and what the command line costs."""

from benchmarks.measure import pair, python


def main() -> None:
    flows = pair(python("import prefect, flows.run_workflow, flows.export_repository"), python("import prefect"))
    print(flows.line("import flows", "import prefect"))
    print(f"{'flows add':<44} {flows.ours - flows.peer:7.3f} s   (bound: 1.0 s)")
    command = pair(python("import sys; sys.argv = ['repomill', '--help']; import cli.main"), python("pass"))
    print(command.line("repomill --help", "python -c pass"))
