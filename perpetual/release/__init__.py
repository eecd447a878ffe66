"""The release image on this machine: built, run as on ECS, and checked before a deploy."""
