"""What every command that acts on AWS shares: clients, faults as sentences, the contract, calls."""
