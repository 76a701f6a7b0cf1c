"""The report's charts: plotly figures as plain dictionaries, drawn from the report alone."""
