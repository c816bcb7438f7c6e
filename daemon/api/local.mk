# berth-api: the unprivileged half of the daemon; see daemon/api.
