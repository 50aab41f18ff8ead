"""MiniStack, made durable: the program of its process, which runs in MiniStack's environment.

MiniStack alone keeps its state in memory and saves it only when it is stopped in order: a crash or a kill would lose
everything, including a developer's accounts. Here every change is kept before it is answered, so MiniStack can be
killed at any moment:

- A request that changes something runs alone. When it has succeeded it is kept, and only then answered.
- A change in DynamoDB is kept by appending the request to a journal. A start loads the last snapshot and replays the
  journal's requests in order. A replay generates other ids for tables, streams and stream records; nothing outside
  MiniStack refers to them.
- The other services generate ids that are referred to (a secret's ARN, a value's version, a message's id), but their
  state is small. MiniStack's own functions save all of it after each change.
- Accepted emails are not in MiniStack's state. Each is appended to `mail.jsonl`, and never sent again.

A snapshot is the state of all services in a folder `N+1.new`, which is renamed to `N+1` when it is complete. The
journal is in the folder of the snapshot that it continues, so the rename replaces both at once; the highest number is
current. Snapshots do not contain the records of DynamoDB streams, so the runner requests one only when all records are
delivered. Its request includes the state of the data that it knows; if the data has changed since, no snapshot is
written.

Snapshots are forced to the disk (fsync). Journal entries are only handed to the operating system: they survive the end
of any process, but not a power cut.

Never give MiniStack a table's time to live: it would delete items without a request, and replaying would give a
different result. `expiry.py` deletes expired items by requests.
"""

# The exit status that tells `ministack.py` not to restart this process. The last line of the log has the reason.
NO_RESTART = 3
# The exit status when a change could not be kept because the disk is full. The log may be on the same disk.
DISK_FULL = 4

# What the process writes to its pipe: after a change in DynamoDB, and when replaying the journal has failed.
CHANGED, REPLAY_FAILED = b".", b"!"
