"""Events of networks that no chip runs, counted in the float executor."""
