"""What there is to recommend and what people did with it: from files to items and events, from items to columns."""
