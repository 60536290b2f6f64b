"""Runs one command and prints what the system counted for it as JSON: CPU and wall seconds, peak memory in KiB, exit."""
import json, os, sys, time

start = time.monotonic()
child = os.fork()
if child == 0:
    os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    # The bench pipes into some commands; all others find nothing.
    if "MEASURE_STDIN" not in os.environ:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
print(json.dumps({
    "cpu": usage.ru_utime + usage.ru_stime,
    "wall": time.monotonic() - start,
    "memory": usage.ru_maxrss,
    "exit": os.waitstatus_to_exitcode(status),
}))
