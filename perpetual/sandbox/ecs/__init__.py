"""The control plane of ECS as a readable specification: pure decisions, time only as an argument.

No Docker, no AWS, no threads, no clock. `control.ControlPlane` takes requests as boto3 sends them and
answers as AWS does; what it makes happen goes through `world.World`, what happens comes back as one
of `world`'s reports. Each behaviour names the page of AWS's documentation that it follows.
"""
