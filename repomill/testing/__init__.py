"""What a plug-in tests itself with: the rules every node kind keeps, as checks a test runs one by one.

    from repomill.testing import Case, conformance

    @pytest.mark.parametrize("check", conformance(Greeting(), Case(config={"name": "Ada"})), ids=str)
    def test_greeting_is_a_node_kind(check):
        check()

The built-in kinds pass the same checks.
"""

from repomill.testing.cases import Case
from repomill.testing.checks import Check, NotConforming
from repomill.testing.conformance import conformance, tool_conformance
from repomill.testing.runs import run_node, run_tool

__all__ = ["Case", "Check", "NotConforming", "conformance", "run_node", "run_tool", "tool_conformance"]
