"""Small tools that know nothing of sessions."""
