"""The webhook sink: signs requests, and restricts where they may go."""
