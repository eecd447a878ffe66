"""HAProxy in the load balancer's place, driven by what the emulated API holds of it."""
