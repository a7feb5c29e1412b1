"""What a process imports when it needs it."""

import socket
import threading

NEEDED = (socket.socket, threading.Thread)
