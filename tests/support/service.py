"""A hosted model in a thread: HTTP as section 7 of the reference has it, faults at will."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spacy_gliner2 import FrozenSchema, GLiNER2

KEY = "secret-key-0123456789"
Answer = Callable[[dict[str, Any]], Any]


@dataclass
class Fault:
    """What the service does instead of answering.

    status (int): The status of the reply.
    body (bytes): The reply.
    headers (dict): Other headers.
    delay (float): Seconds before it.
    cut (bool): Whether the connection is closed in the middle of it.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False


class Service:
    """The state of the service.

    answer (Callable): From the body of a request to the result.
    faults (deque): What happens to the next requests, one each.
    fault_for (Callable): From the body of a request to what happens to it, or None.
    bodies (list): The bodies of the requests so far.
    most (int): Most requests that were there at once.
    connections (set): The addresses that requests came from, one for each connection.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.faults: deque[Fault] = deque()
        self.fault_for: Callable[[dict[str, Any]], Fault | None] = lambda body: None
        self.bodies: list[dict[str, Any]] = []
        self.most = 0
        self.connections: set[Any] = set()
        self.url = ""
        self._here = 0
        self._lock = threading.Lock()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.bodies.append(body)
            self.connections.add(handler.client_address)
            self._here += 1
            self.most = max(self.most, self._here)
            fault = self.faults.popleft() if self.faults else self.fault_for(body)
        if fault is None:
            fault = self._reply(handler, body)
        time.sleep(fault.delay)
        with self._lock:
            self._here -= 1
        _write(handler, fault)

    def _reply(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> Fault:
        if handler.path != "/gliner-2" or handler.headers["Content-Type"] != "application/json":
            return Fault(404)
        if handler.headers["X-API-Key"] != KEY:
            return Fault(
                401, b'{"detail": "Invalid key %s"}' % handler.headers["X-API-Key"].encode()
            )
        return Fault(body=json.dumps({"result": self.answer(body)}).encode())


def _write(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    try:
        handler.send_response(fault.status)
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(fault.body) + (100 if fault.cut else 0)))
        handler.end_headers()
        handler.wfile.write(fault.body)
        handler.close_connection |= fault.cut
    except OSError:
        pass  # the client has given up


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as services have it
    service: Service

    def do_POST(self) -> None:
        self.service.handle(self)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serve(answer: Answer) -> Iterator[Service]:
    """Run a service for a while.

    answer (Callable): From the body of a request to the result.
    YIELDS (Service): The service.
    """
    service = Service(answer)
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class EmbeddedAnswer:
    """Answers with the checkpoint that comes inside the package."""

    def __init__(self) -> None:
        self._model = GLiNER2.from_pretrained()
        self._lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> Any:
        schema = FrozenSchema.from_dict(body["schema"])
        flags = {key: body[key] for key in ("include_confidence", "include_spans", "threshold")}
        texts = body["text"] if isinstance(body["text"], list) else [body["text"]]
        with self._lock:
            return self._model.batch_extract(texts, schema, **flags)
