"""Commands that print ratios against a named baseline, measured side by side in one run: an absolute time means
little."""
