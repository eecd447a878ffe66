"""The options that every command on AWS has, alike in name and meaning."""

from typing import Annotated

import typer

Stack = Annotated[
    str, typer.Option(envvar="PERPETUAL_STACK", help="Name of the stack, such as prod.")
]
Region = Annotated[
    str | None, typer.Option(help="AWS region of the stack; else AWS_REGION or the profile's.")
]
Profile = Annotated[
    str | None, typer.Option(help="Profile in ~/.aws to take credentials from; else AWS_PROFILE.")
]
