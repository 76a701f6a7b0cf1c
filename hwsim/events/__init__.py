"""What happens on every core in every chip step, counted exactly from a trace."""
