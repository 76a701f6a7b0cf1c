"""Fetching public data sets, only where it is asked for: nothing else here touches the network."""
