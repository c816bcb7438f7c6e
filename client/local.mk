# berth, the client.
