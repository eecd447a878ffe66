"""How a stack is: one screen, one verdict, and its reasons."""
