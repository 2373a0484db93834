"""One catalogue of errors, grouped by who can recover.

An error is a small class that carries facts as fields. Its text is made from the class's `message` and
`hint` templates, so a caller never parses text and a door (command line, API, Prefect state) prints the
same words. The family decides what happens next:

* `Retriable`: the same call may succeed later; `delay` says when.
* `BadInput`: what was handed in is wrong; nothing ran, nothing was lost.
* `UserActionRequired`: a person has to change something outside (a token, a remote, a policy).
* `Fatal`: this run cannot go on; what was paid for is kept.
* `Cancelled`: somebody asked for the stop.
"""

from repomill.errors.accounts import *
from repomill.errors.apis import *
from repomill.errors.base import *
from repomill.errors.budgets import *
from repomill.errors.bundles import *
from repomill.errors.calls import *
from repomill.errors.databases import *
from repomill.errors.engine import *
from repomill.errors.hosts import *
from repomill.errors.images import *
from repomill.errors.input_files import *
from repomill.errors.language import *
from repomill.errors.lookups import *
from repomill.errors.models import *
from repomill.errors.plugins import *
from repomill.errors.publishing import *
from repomill.errors.storage import *
from repomill.errors.tables import *
from repomill.errors.tools import *
from repomill.errors.trees import *
