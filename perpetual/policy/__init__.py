"""`perpetual policy`: the rules, what they cover, and their verdict on an exported state."""
