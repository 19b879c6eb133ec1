"""Words that all parts share: the model, the ports, errors, the rules in force."""
