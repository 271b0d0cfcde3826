"""Package data: rules and days off as they stand in their decrees. Nothing here runs."""
