"""The control plane of ECS as a readable specification: pure decisions, time only as an argument.

No Docker, no AWS, no threads, no clock. `control.ControlPlane` takes requests as boto3 sends them
and answers as AWS does; what it makes happen goes through `world.World`, and what happens comes
back as one of `world`'s reports. Each behaviour names the page of AWS's documentation it follows.

| module | what it decides |
| --- | --- |
| `rollout` | how many tasks of which revision start and stop now |
| `breaker` | when a deployment has failed |
| `placement`, `constraints` | which host takes a task |
| `fleet` | how hosts join, drain and go |
| `health` | what a task counts as |
| `lifecycle`, `ending` | how a task comes up, and how it ends |
| `deployments` | how a deployment begins, ends, fails and is undone |
| `completion` | when a deployment is over, and a service steady and even over its zones |
| `scheduler` | carries the decisions out, service by service |
| `events` | AWS's words for all of it |
"""
