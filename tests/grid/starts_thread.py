"""A module that starts a thread when it is imported: whoever has imported it must not be forked."""

from threading import Event, Thread

Thread(target=Event().wait, daemon=True).start()
