"""The database of jobs, their events, and the queue that hands them out: a file of SQLite, or PostgreSQL.

faults (what its driver's errors mean) -> connection (transactions) -> tables -> migration, backup
"""
