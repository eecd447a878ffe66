"""What of AWS's API the sandbox answers itself: a module for each service."""
