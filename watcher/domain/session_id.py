"""The form of a session id."""

import re

SESSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""The pattern of LivenessSessionId in the service model: AWS issues and accepts lowercase only."""
