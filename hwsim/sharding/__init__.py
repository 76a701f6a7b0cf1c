"""One simulation over several processes: each has a part of the samples, the first writes."""
