"""Steps from one shape of the database to the next. A released step is never edited; each has its tester."""
