"""The layers of the stack as Pulumi components: network, data, ECS, image, access."""
