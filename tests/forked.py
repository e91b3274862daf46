"""`gonerd` as scripts in tests call it: each command a process of its own, forked from one that has imported much.

Most of a short command is Python starting and importing torch, transformers and spaCy, four seconds each time. What
runs is the same `gonerd.cli.main`, with the words, folder, environment and streams of whoever called.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

# Not what crawls: Twisted's reactor may not be shared with a process that was forked.
IMPORTED = ("gonerd.annotation.run", "gonerd.evaluation.run", "gonerd.models.finetune", "gonerd.dataset.build", "spacy",
            "datasets", "trafilatura")  # fmt: skip
CALLER = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as one:
    one.connect({address!r})
    socket.send_fds(one, [b"+"], [0, 1, 2])
    one.sendall(json.dumps([os.getcwd(), dict(os.environ), sys.argv[1:]]).encode() + b"\\n")
    sys.exit(int(one.recv(8) or 70))
"""


@contextlib.contextmanager
def forked_gonerd(folder: Path) -> Iterator[Path]:
    """Starts the process that commands are forked from; yields an executable that stands for `gonerd`."""
    folder.mkdir()
    caller, address = folder / "gonerd", folder / "socket"
    server = subprocess.Popen([sys.executable, "-P", __file__, str(address)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == "ready\n"
        caller.write_text(CALLER.format(python=sys.executable, address=str(address)))
        caller.chmod(0o700)
        yield caller
    finally:
        server.terminate()
        server.wait(timeout=10)
        server.stdout.close()


def serve(address: str) -> None:
    """Forks a process for every call, for ever."""
    for name in IMPORTED:
        importlib.import_module(name)
    importlib.import_module("gonerd.cli").build_app()
    gc.freeze()  # what is there stays: no collection of a command walks it
    assert "twisted.internet.reactor" not in sys.modules, "a crawl needs one of its own"
    assert threading.active_count() == 1, "a lock that another thread holds would stay locked in what is forked"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none of them is waited for
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            caller, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(caller)
            caller.close()


def _answer(caller: socket.socket) -> None:
    """Runs the command in a process of its own, so that its exit is a whole one, and tells the caller its code."""
    _, streams, *_ = socket.recv_fds(caller, 1, 3)
    told = bytearray()
    while not told.endswith(b"\n"):
        part = caller.recv(1 << 16)
        if not part:  # ended before it said anything
            os._exit(0)
        told += part
    folder, environment, words = json.loads(told)
    if (command := os.fork()) == 0:
        caller.close()
        _run(streams, folder, environment, words)
    for stream in streams:
        os.close(stream)
    done = os.pidfd_open(command)
    ready, _, _ = select.select([done, caller], [], [])
    if done not in ready:  # the caller was ended, and the command goes with it
        os.kill(command, signal.SIGTERM)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    caller.sendall(str(code if code >= 0 else 128 - code).encode())  # as a shell has it for signals
    os._exit(0)


def _run(streams: list[int], folder: str, environment: dict[str, str], words: list[str]) -> None:
    from gonerd.cli import main

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["gonerd", *words]
    sys.exit(main(words))


if __name__ == "__main__":
    serve(sys.argv[1])
