"""What each resource type of the program is in AWS: one table of entries, made of boto3 calls.

An entry (`kind.Kind`) is asked by two fronts (`perpetual.sandbox.fronts`), and asks the emulated
AWS of the sandbox, never another (`cloud.Cloud`). It says what AWS is told and what AWS decides;
the names and shapes in between come from botocore's own models (`spelling`). What moto forgets is
in `dropped`, the one place where this is not AWS's answer; what moto refuses without reason, in
`lessons`.
"""
