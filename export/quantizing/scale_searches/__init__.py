"""Scale searches: which of the scales that fit a population takes.

A new search is a file here, a line in SCALE_SEARCHES and a word in
`trainers.export_tables.ScaleSearch`.
"""

from export.quantizing.scale_searches.max_abs import MAX_ABS
from export.quantizing.scale_searches.percentile import PERCENTILE_SEARCH
from export.quantizing.scale_searches.scale_search import ScaleSearch
from export.quantizing.scale_searches.spike_disagreement import SPIKE_DISAGREEMENT
from export.quantizing.scale_searches.squared_error import SQUARED_ERROR

__all__ = ["SCALE_SEARCHES", "ScaleSearch"]

SCALE_SEARCHES: dict[str, ScaleSearch] = {
    "max-abs": MAX_ABS,
    "percentile": PERCENTILE_SEARCH,
    "squared-error": SQUARED_ERROR,
    "spike-disagreement": SPIKE_DISAGREEMENT,
}
