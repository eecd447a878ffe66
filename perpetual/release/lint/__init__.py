"""What a Phoenix project holds that fails or hurts on ECS, found without running any of it."""
