"""What follows from one inventory."""
