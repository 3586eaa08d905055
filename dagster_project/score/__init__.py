"""Measures of answers: the runner's method, ours, and the rules behind them. No assets."""
