"""A sweep: from one trained run a table of accuracy, energy and weight bits, and its Pareto front.

space     the points that a command line asks for
point     one point: convert, emulate, cost
study     what is done, what runs, what is next: optuna's trials in SQLite, shared by workers
workers   who is alive
sweep     the loop that every worker runs
front     which points no other one beats, and which one to take
results, table, page    sweep.json and sweep.csv, the terminal, sweep.html
"""
