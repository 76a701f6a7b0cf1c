"""Looking into files: shapes, neurons, synapses and parameter ranges, without running anything."""
