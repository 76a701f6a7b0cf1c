"""Ways to compute synaptic sums, every one of them exact; `choice` picks one per projection.

Each takes events [M, sources] (uint8 or int32, in the emulator's order) and gives integers
[M, targets] in float32 or int32.
"""
