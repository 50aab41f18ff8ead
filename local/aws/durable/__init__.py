"""MiniStack, made durable: the program of its process, which runs in MiniStack's environment.

Why it exists: MiniStack keeps its state in memory and saves it only when it is asked to stop. Whatever else ends it
loses all of it, and a developer's accounts with it. Here every change is on disk before it is answered, so stopping
MiniStack is the same as killing it, at any moment:

- A request that changes something runs alone. When it has succeeded it is kept, and only then answered.
- A change in DynamoDB is kept by appending the request to a journal. A start loads the last snapshot and repeats the
  journal's requests in order. Nothing else in the system refers to what differs the next time: a table's id, the label
  of its stream, and the event ids and sequence numbers of its records.
- Every other service makes up ids that are referred to (the ARN of a secret, the version of a value, the id of a
  message), but its state is small. It is kept by saving that state with MiniStack's own functions.
- Accepted emails are not in MiniStack's state. Each is appended to `mail.jsonl`, and never sent again.

A snapshot is the state of all services in a folder `N+1.new`, which is renamed to `N+1` when it is complete. The
journal is in the folder of the snapshot that it continues, so the rename replaces both at once; the highest number is
current. Records on a DynamoDB stream are not in a snapshot. The runner asks for one when it has delivered them all, and
names the state of the data that it knows: after another change, no snapshot is written.

Changes are handed to the operating system, not forced to the disk: they survive the end of any process, not a power
cut.

Do not give MiniStack the time to live of a table. It would delete items by the clock and without a request, so a
repeated journal would lead elsewhere. `expiry.py` deletes them by requests.
"""

# The exit status that tells `ministack.py` not to start it again. The last line of the log has the reason.
NO_RESTART = 3
