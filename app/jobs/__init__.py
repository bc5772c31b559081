"""Jobs: what takes longer than a request, handed to a queue that outlives the process.

schemas (what is asked for) -> kinds (as which commands) -> ledger (the states, in the database) -> service
(what the routes call) -> worker, which takes a ticket from the queue and goes through task: a child process,
watched, and then its result published. The service runs a worker of its own, see embedded.

A command that is killed goes on where it was when it is started again, so a job loses nothing to a crash. A
ticket is good for one stretch of work; pausing, cancelling and retrying make the one before it void, whoever
still holds it.
"""
