"""Run the program without engine, cloud or credentials, and ask the policy pack about it."""
