"""The house rules as functions: each reads one module's syntax tree and names the lines that break it.

What is enforced is the project's own: which room may import which, where the network, the clock and the event loop may
be touched, and how long a thing may grow. No check knows a particular file, but for the one the tables name.
"""

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

_FLOOR_4 = frozenset({"errors", "facts", "mx", "scenario", "wire", "rules", "probe", "lab", "report"})

MAY_IMPORT = {
    "errors": frozenset[str](),
    "facts": frozenset({"errors"}),
    "mx": frozenset({"errors", "facts"}),
    "scenario": frozenset({"errors", "facts", "mx"}),
    "wire": frozenset({"errors", "facts", "mx"}),
    "rules": frozenset({"errors", "facts", "mx"}),
    "probe": frozenset({"errors", "facts", "mx", "wire"}),
    "lab": frozenset({"errors", "facts", "mx", "scenario", "wire"}),
    "report": frozenset({"errors", "facts", "mx", "rules", "scenario"}),
    "settings": _FLOOR_4,
    "jobs": _FLOOR_4 | {"settings"},
    "cli": _FLOOR_4 | {"settings", "jobs"},
    "pytest_plugin": _FLOOR_4 | {"settings", "jobs"},
    "__init__": frozenset({"jobs"}),
    "__main__": frozenset({"cli"}),
}
"""The import table. Every room may also import from itself, and `__version__` from `mxprobe`."""

PURE = frozenset({"facts", "mx", "scenario", "rules", "report"})
NETWORKED = frozenset({"wire", "lab"})
DNS_DATA = NETWORKED | {"mx", "scenario"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IMPURE_MODULES = _words(
    """
    _thread aiofiles asyncio concurrent contextvars fcntl getpass glob logging multiprocessing os platform
    random sched secrets selectors shutil signal subprocess sys tempfile threading time trio urllib.request
    """
)
_IMPURE_CALLS = frozenset({"open", "input", "print", "breakpoint"})
_CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
_NETWORK_MODULES = _words(
    """
    OpenSSL _socket _ssl aiosmtpd aiosmtplib asyncio.sslproto asyncio.streams asyncio.transports ftplib h11 http
    imaplib poplib select selectors service_identity.pyopenssl smtplib socket socketserver ssl urllib.request
    """
)
_DNS_IO = _words(
    """
    dns.asyncbackend dns.asyncquery dns.asyncresolver dns.nameserver dns.query dns.quic dns.resolver dns.xfr
    """
)
_STREAM_NAMES = _words(
    """
    BaseProtocol BufferedProtocol DatagramProtocol Protocol BaseTransport DatagramTransport ReadTransport
    Transport WriteTransport StreamReader StreamReaderProtocol StreamWriter open_connection open_unix_connection
    start_server start_unix_server sslproto streams transports
    """
)
_LOOP_NETWORK = _words(
    """
    connect_accepted_socket create_connection create_datagram_endpoint create_server create_unix_connection
    create_unix_server sock_accept sock_connect sock_recv sock_sendall start_tls
    """
)
_LOOP_STARTERS = frozenset({"run", "Runner", "run_until_complete", "run_forever"})
_LOOP_OWNERS = frozenset({"cli", "pytest_plugin"})
_OWN_LOOP = frozenset(
    {
        "mxprobe/lab/clock.py",  # the event loop of stories, and the way into it
        "mxprobe/jobs/survey/worker.py",  # a process of its own, that a survey starts
    }
)
_UNWANTED_WORDS = frozenset({"manager", "managers", "util", "utils", "helper", "helpers"})

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 5

_OUR_MODULE = re.compile(r"mxprobe(?:\.\w+)+(?::\w+)?")
_RIM = re.compile(r"#\s*rim: \S")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    """One source file: `path` is relative to the checkout (`mxprobe/facts/dns.py`)."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        inner = Path(path).relative_to("mxprobe").parts
        self.room = inner[0] if len(inner) > 1 else Path(inner[0]).stem

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Line and full dotted name of all that is imported, names taken out of a module included."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(node.lineno, f"{'.' * node.level}{node.module or ''}.{alias.name}") for alias in node.names]
        return found

    @cached_property
    def functions(self) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
        """Every function, and whether it is a method."""
        methods = {id(child) for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef) for child in node.body}
        return [(node, id(node) in methods) for node in ast.walk(self.tree) if isinstance(node, _FUNCTIONS)]

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    def blame(self, line: int, why: str) -> str:
        """One broken rule as it is shown: place, rule, and the line itself."""
        text = self.lines[line - 1].strip() if line <= len(self.lines) else ""
        return f"{self.path}:{line}: {why}: {text}"


def check_rooms(module: Module) -> Iterator[str]:
    """A room imports itself and the rooms the table gives it, by absolute names, also when the name is in a string."""
    if module.room not in MAY_IMPORT:
        yield module.blame(1, f"no room is called {module.room}")
        return
    allowed = MAY_IMPORT[module.room] | {module.room}
    for line, name in [*module.imports, *_named_in_strings(module)]:
        if name.startswith("."):
            yield module.blame(line, "a relative import")
        if name != "mxprobe" and not name.startswith("mxprobe."):
            continue
        room = name.split(".")[1] if name != "mxprobe" else ""
        if room != "__version__" and room not in allowed:
            yield module.blame(line, f"{module.room} may not import {room or 'the public face'}")


def _named_in_strings(module: Module) -> Iterator[tuple[int, str]]:
    """Strings that name a module of ours, as lists of lazily loaded parts do."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _OUR_MODULE.fullmatch(node.value):
            yield node.lineno, node.value.partition(":")[0]


def check_network(module: Module) -> Iterator[str]:
    """Only wire and lab touch the network; dnspython's data modules also serve mx and scenario."""
    if module.room not in DNS_DATA:
        for line, name in module.imports:
            if _within(name, frozenset({"dns"})):
                yield module.blame(line, f"{module.room} may not use dnspython")
    if module.room in NETWORKED:
        return
    for line, name in module.imports:
        if _within(name, _NETWORK_MODULES) or _within(name, _DNS_IO):
            yield module.blame(line, f"{module.room} may not touch the network")
        if name.startswith("asyncio.") and name.split(".")[1] in _STREAM_NAMES:
            yield module.blame(line, f"{module.room} may not touch the network")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            stream = _is_name(node.value, "asyncio") and node.attr in _STREAM_NAMES
            dns_io = _is_name(node.value, "dns") and f"dns.{node.attr}" in _DNS_IO
            if stream or dns_io or node.attr in _LOOP_NETWORK:
                yield module.blame(node.lineno, f"{module.room} may not touch the network")


def check_purity(module: Module) -> Iterator[str]:
    """facts, mx, scenario, rules and report only think: no clock, chance, files, tasks or log."""
    if module.room not in PURE:
        return
    for line, name in module.imports:
        if _within(name, _IMPURE_MODULES) or name in {"pathlib", "pathlib.Path", "datetime.now"}:
            yield module.blame(line, f"{module.room} is pure")
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id in _IMPURE_CALLS:
            yield module.blame(call.lineno, f"{module.room} is pure")
        if isinstance(call.func, ast.Attribute) and _reads_clock_or_zone(call.func.attr, call):
            yield module.blame(call.lineno, f"{module.room} is pure: time is an argument, in UTC")
    for function, _ in module.functions:
        if isinstance(function, ast.AsyncFunctionDef):
            yield module.blame(function.lineno, f"{module.room} is pure")


def _reads_clock_or_zone(method: str, call: ast.Call) -> bool:
    """Whether a datetime method asks the machine for the time, or for its time zone."""
    arguments = len(call.args) + len(call.keywords)
    return (
        method in _CLOCK_METHODS
        or (method == "fromtimestamp" and arguments == 1)
        or (method == "astimezone" and not arguments)
    )


def check_event_loop(module: Module) -> Iterator[str]:
    """Event loops are started in the command line and the pytest plugin; all else is called from inside one."""
    if module.room in _LOOP_OWNERS or module.path in _OWN_LOOP:
        return
    why = "only cli and pytest_plugin start an event loop"
    for line, name in module.imports:
        if name in {"asyncio.run", "asyncio.Runner"}:
            yield module.blame(line, why)
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute) or node.attr not in _LOOP_STARTERS:
            continue
        if _is_name(node.value, "asyncio") or node.attr.startswith("run_"):
            yield module.blame(node.lineno, why)


def check_tasks(module: Module) -> Iterator[str]:
    """Tasks live in a TaskGroup: no gather, no create_task or ensure_future on anything else."""
    for line, name in module.imports:
        if name in {"asyncio.gather", "asyncio.create_task", "asyncio.ensure_future"}:
            yield module.blame(line, "tasks belong to a TaskGroup")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        loose = node.attr in {"gather", "ensure_future"} and _is_name(node.value, "asyncio")
        if loose or (node.attr == "create_task" and not _is_task_group(node.value)):
            yield module.blame(node.lineno, "tasks belong to a TaskGroup")


def _is_task_group(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lower().endswith(("group", "tasks"))


def check_catches(module: Module) -> Iterator[str]:
    """No bare except; `except Exception` only at a task's rim, with a comment `# rim: why`, or to raise it again."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield module.blame(node.lineno, "a bare except")
            elif _catches_all(node.type) and not (_raises_again(node) or _has_rim_comment(module, node.lineno)):
                yield module.blame(node.lineno, "catches everything and no `# rim:` comment says why")
        elif isinstance(node, ast.Call) and _last_name(node.func) == "suppress" and any(map(_catches_all, node.args)):
            yield module.blame(node.lineno, "suppresses everything")


def _catches_all(node: ast.expr) -> bool:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(_last_name(name) in {"Exception", "BaseException"} for name in names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up: its last statement is a bare `raise`, and it returns nowhere before."""
    last = handler.body[-1]
    leaves = any(isinstance(node, (ast.Return, ast.Break, ast.Continue)) for node in ast.walk(handler))
    return isinstance(last, ast.Raise) and last.exc is None and not leaves


def _has_rim_comment(module: Module, line: int) -> bool:
    return any(_RIM.search(module.lines[number - 1]) for number in (line - 1, line) if number > 0)


def check_sizes(module: Module) -> Iterator[str]:
    """Modules, functions and parameter lists stay small; a click command has the parameters people type."""
    if len(module.lines) > LONGEST_MODULE:
        yield module.blame(LONGEST_MODULE + 1, f"{len(module.lines)} lines, at most {LONGEST_MODULE}")
    for function, is_method in module.functions:
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield module.blame(function.lineno, f"{length} lines, at most {LONGEST_FUNCTION}")
        count = _count_parameters(function, is_method)
        if count > MOST_PARAMETERS and not (module.room == "cli" and _is_click_command(function)):
            yield module.blame(function.lineno, f"{count} parameters, at most {MOST_PARAMETERS}")


def _count_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, is_method: bool) -> int:
    parts = function.args
    count = len(parts.posonlyargs) + len(parts.args) + len(parts.kwonlyargs)
    count += (parts.vararg is not None) + (parts.kwarg is not None)
    static = any(_last_name(decorator) == "staticmethod" for decorator in function.decorator_list)
    return count - 1 if is_method and not static else count


def _is_click_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return any(_last_name(node) in {"command", "group", "option", "argument"} for node in decorators)


def check_docstring(module: Module) -> Iterator[str]:
    """Every module says what it is for; only an empty `__init__.py` says nothing."""
    if module.tree.body and ast.get_docstring(module.tree) is None:
        yield module.blame(1, "no docstring")


def check_names(module: Module) -> Iterator[str]:
    """Names say what a thing does; "manager", "utils" and "helpers" do not."""
    names = [(1, part) for part in Path(module.path).with_suffix("").parts]
    named = (ast.ClassDef, *_FUNCTIONS)
    names += [(node.lineno, node.name) for node in ast.walk(module.tree) if isinstance(node, named)]
    for line, name in names:
        words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
        if words & _UNWANTED_WORDS:
            yield module.blame(line, f"the name {name} says nothing")


def _within(name: str, modules: frozenset[str]) -> bool:
    """Whether a dotted name is one of the modules, or something inside one."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in modules for length in range(1, len(parts) + 1))


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


CHECKS = (
    check_rooms,
    check_network,
    check_purity,
    check_event_loop,
    check_tasks,
    check_catches,
    check_sizes,
    check_docstring,
    check_names,
)
