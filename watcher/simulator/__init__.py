"""A local Rekognition endpoint for Face Liveness: real life cycle, quotas, errors and scripted faults.

It depends on no other part of the watcher, and any AWS SDK in any language can use it over HTTP.
"""

from watcher.simulator.calls import CallRecord
from watcher.simulator.challenges import ChosenChallenge
from watcher.simulator.distributions import Fixed, Lognormal, Triangular, Uniform
from watcher.simulator.faults import Fault
from watcher.simulator.hints import HintKind, HintSettings, SimulatedHint
from watcher.simulator.quota import Quota
from watcher.simulator.scenario import CAMERA_SECONDS, CHECK_SECONDS, Ending, Scenario
from watcher.simulator.scenario_file import ScenarioError, load_scenario
from watcher.simulator.sessions import BoundingBox, SessionScript, SimulatedSession
from watcher.simulator.simulator import Simulator

__all__ = [
    "CAMERA_SECONDS",
    "CHECK_SECONDS",
    "BoundingBox",
    "CallRecord",
    "ChosenChallenge",
    "Ending",
    "Fault",
    "Fixed",
    "HintKind",
    "HintSettings",
    "Lognormal",
    "Quota",
    "Scenario",
    "ScenarioError",
    "SessionScript",
    "SimulatedHint",
    "SimulatedSession",
    "Simulator",
    "Triangular",
    "Uniform",
    "load_scenario",
]
