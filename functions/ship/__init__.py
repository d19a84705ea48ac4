"""From the shelf to the doorstep."""
