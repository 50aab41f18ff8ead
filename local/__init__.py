"""The local runner: the template's API on this machine, without Docker and without an AWS account.

Who uses whom (one way): `__main__` → `runner` → the parts. Each part is one file:

    template    what template.yaml declares            gateway, server   HTTP in front (SAM CLI's own gateway)
    workers     warm processes that run the handlers   worker            the program inside such a process
    cloud       MiniStack, started and kept up         durable           the program inside that process
    resources   tables, secrets and queues             streams, filters  DynamoDB streams to their functions
    rotation    the first rotation of a secret         expiry            time to live
    reload      what changed on disk                   console           what the terminal shows
    tasks       jobs of the runner's own               page              /_local/, whose files are in web
    inbox       the mails sent                         history           the requests and their log lines
    examples    what to try a route with               tables            what is in the tables
"""
