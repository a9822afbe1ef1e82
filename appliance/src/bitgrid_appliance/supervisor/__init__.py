"""The only part of the appliance that starts processes: in order, watched, and never left behind."""

from bitgrid_appliance.supervisor.child import ChildSpec, Probe
from bitgrid_appliance.supervisor.pool import on_all_cores
from bitgrid_appliance.supervisor.program import (
    Completed,
    program_path,
    run_module,
    run_program,
    run_version,
)
from bitgrid_appliance.supervisor.watching import Supervisor

__all__ = [
    "ChildSpec",
    "Completed",
    "Probe",
    "Supervisor",
    "on_all_cores",
    "program_path",
    "run_module",
    "run_program",
    "run_version",
]
