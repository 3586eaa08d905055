"""Effects between regions, with their uncertainty. Statistics are pure; assets.py stores them."""
