"""The tables, one concept per module."""

from storage.database.models.api import Api, ApiOperation, ApiVersion
from storage.database.models.audit_entry import AuditEntry
from storage.database.models.base import Base, Tenant
from storage.database.models.budget import Budget, BudgetAccount
from storage.database.models.call import Call
from storage.database.models.event import Event
from storage.database.models.execution import Execution, ExecutionAttempt
from storage.database.models.generated_project import GeneratedProject
from storage.database.models.membership import Membership, OrganisationLimits
from storage.database.models.memory import Memory, MemoryTurn
from storage.database.models.node_execution import NodeExecution
from storage.database.models.organisation import Organisation
from storage.database.models.project import Project
from storage.database.models.project_file import ProjectFile
from storage.database.models.queue import CallQueue, CallSlot
from storage.database.models.repository_export import ExportStep, ExportType, RepositoryExport
from storage.database.models.retention import ObjectDeletion, RetentionMark
from storage.database.models.user import User
from storage.database.models.workflow import Workflow, WorkflowVersion

__all__ = [
    "Api",
    "ApiOperation",
    "ApiVersion",
    "AuditEntry",
    "Base",
    "Budget",
    "BudgetAccount",
    "Call",
    "CallQueue",
    "CallSlot",
    "Event",
    "Execution",
    "ExecutionAttempt",
    "ExportStep",
    "ExportType",
    "GeneratedProject",
    "Membership",
    "Memory",
    "MemoryTurn",
    "NodeExecution",
    "ObjectDeletion",
    "Organisation",
    "OrganisationLimits",
    "Project",
    "ProjectFile",
    "RepositoryExport",
    "RetentionMark",
    "Tenant",
    "User",
    "Workflow",
    "WorkflowVersion",
]
