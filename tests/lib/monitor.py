"""What connects to a container's monitor, as root: `crowd` holds connections, `chatter` has it say its state again and again."""
import socket
import struct
import sys

MESSAGE = struct.Struct("=IHHIiQqqq128s")
MAGIC, FREEZE, THAW, DONE = 0x424D4F4E, 18, 19, 2


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.setblocking(False)
    sock.connect(path)
    return sock


def crowd(path, wanted):
    """Until so many are connected, or the door is full; holds them until its standard input ends."""
    held = []
    try:
        while len(held) < wanted:
            held.append(connect(path))
    except BlockingIOError:
        pass
    print(len(held), flush=True)
    sys.stdin.read()


def chatter(path, rounds):
    """Frozen and thawed, two states each."""
    sock = connect(path)
    sock.setblocking(True)
    sock.settimeout(30)
    for _ in range(rounds):
        for verb in (FREEZE, THAW):
            sock.send(MESSAGE.pack(MAGIC, 1, verb, 1, 0, 0, 0, 0, 0, b""))
            while MESSAGE.unpack(sock.recv(MESSAGE.size))[2] != DONE:
                pass


if __name__ == "__main__":
    {"crowd": crowd, "chatter": chatter}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
