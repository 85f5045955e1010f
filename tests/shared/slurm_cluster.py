"""A real Slurm on this one host, for tests: Debian's packages, root, everything on loopback.

    python tests/shared/slurm_cluster.py install
    python tests/shared/slurm_cluster.py start [--accounting]     # returns when the node is idle
    python tests/shared/slurm_cluster.py stop

A host that has a Slurm of its own is left alone.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/var/tmp/relaxdiff-slurm")  # pids, logs, state and database
CONFIGURATION = Path("/etc/slurm/slurm.conf")  # the only place that every part of Slurm looks at
DATABASE_CONFIGURATION = CONFIGURATION.with_name("slurmdbd.conf")
MARK = "# Written by relaxdiff's tests, which remove it again.\n"
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge", "slurmdbd", "mariadb-server"]
DAEMONS = ["munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd"]  # in the order they start
COMMANDS = ["slurmctld", "slurmd", "sbatch", "munged", "slurmdbd", "mariadbd"]
ACCOUNT = "tests"
PATIENCE = 60  # seconds, for any daemon to answer
RESUMES = 15  # seconds, for a node that is told to take jobs again


class ClusterError(Exception):
    """Slurm cannot be had here; the message says why."""


class Cluster:
    """The daemons, known by the pids in FOLDER. accounting: with slurmdbd and its MariaDB."""

    def __init__(self, accounting=False):
        self.accounting = accounting

    def start(self):
        """Start everything; returns when the node is idle. Raises ClusterError."""
        if reason := obstacle():
            raise ClusterError(reason)
        self.stop()
        (FOLDER / "state").mkdir(parents=True)
        self._configure()
        if not _succeeds("munge", "-n"):
            Path("/run/munge").mkdir(exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            self.spawn("munged", "--foreground", user="munge", group="munge")
            _wait(lambda: _succeeds("munge", "-n"), "munged")
        if self.accounting:
            self._start_database()
        self.start_controller()
        self.start_node()
        if self.accounting:
            _run("sacctmgr", "-i", "add", "account", ACCOUNT)
            _run("sacctmgr", "-i", "add", "user", "root", f"Account={ACCOUNT}")

    def stop(self):
        """Stop what runs, in reverse order, by its own pid; remove every file written."""
        if self.pid("slurmctld") and self.pid("slurmd"):
            _succeeds("scancel", "--full", "--user", "root")
            _succeeds("scancel", "--user", "root")
            end = time.monotonic() + 20
            while time.monotonic() < end and _output("squeue", "-h"):
                time.sleep(0.5)
        for name in reversed(DAEMONS):
            self.kill(name, signal.SIGTERM)
        _kill_orphans()  # of jobs whose slurmd was gone before them
        for path in (CONFIGURATION, DATABASE_CONFIGURATION):
            if path.exists() and path.read_text().startswith(MARK):
                path.unlink()
        shutil.rmtree(FOLDER, ignore_errors=True)

    def start_controller(self):
        """Start slurmctld and wait until it answers."""
        self.spawn("slurmctld", "-D", "-i")
        _wait(lambda: _succeeds("scontrol", "ping"), "slurmctld")

    def start_node(self):
        """Start slurmd and wait until its node takes jobs."""
        self._start_slurmd()
        _wait(_node_takes_jobs, "slurmd")

    def takes_jobs(self):
        """Whether controller and node are there; not so after a fault that was not got over."""
        return _node_takes_jobs()

    def spawn(self, name, *arguments, **options):
        """Start one daemon in the background; its pid and its output go to FOLDER."""
        with (FOLDER / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [_where(name), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        (FOLDER / f"{name}.pid").write_text(str(process.pid))

    def pid(self, name):
        """Pid of a running daemon of ours, or None."""
        file = FOLDER / f"{name}.pid"
        pid = int(file.read_text()) if file.exists() else None
        return pid if pid and _alive(pid, name) else None

    def kill(self, name, number=signal.SIGKILL):
        """Send a signal to one daemon and wait until it is gone."""
        pid = self.pid(name)
        if pid is None:
            return
        os.kill(pid, number)
        end = time.monotonic() + 20
        while _alive(pid, name):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def boot_node(self):
        """Start slurmd after a crash; as an administrator would, put its node back to work."""
        self._start_slurmd("-b")
        _wait(lambda: "down" in _node_state(), "slurmd")
        end = time.monotonic() + PATIENCE
        while not _node_takes_jobs():
            _run("scontrol", "update", "NodeName=localhost", "State=RESUME")
            # Slurm may go on for ever to end the jobs that the crash has ended, the node staying
            # "completing": what helps is to have the node down once more, which drops them.
            again = time.monotonic() + RESUMES
            while time.monotonic() < again and not _node_takes_jobs():
                time.sleep(0.2)
            if not _node_takes_jobs():
                if time.monotonic() > end:
                    _wait(_node_takes_jobs, "slurmd")
                state = ["State=DOWN", "Reason=completing"]
                _run("scontrol", "update", "NodeName=localhost", *state)

    def _start_slurmd(self, *options):
        self.spawn("slurmd", "-D", "-N", "localhost", *options)

    def crash_node(self):
        """SIGKILL slurmd and all that it runs, as when a node loses power."""
        self.kill("slurmd")
        parents = _parents()
        doomed = {pid for pid in parents if _command(pid).startswith("slurmstepd: ")}
        while born := {pid for pid in parents if parents[pid] in doomed} - doomed:
            doomed |= born
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _configure(self):
        CONFIGURATION.parent.mkdir(exist_ok=True)
        CONFIGURATION.write_text(MARK + self._slurm_conf())
        if self.accounting:
            DATABASE_CONFIGURATION.touch(mode=0o600)
            DATABASE_CONFIGURATION.write_text(
                f"{MARK}AuthType=auth/munge\nDbdHost=localhost\nSlurmUser=root\n"
                "CommunicationParameters=NoInAddrAny\n"
                "StorageType=accounting_storage/mysql\nStorageUser=root\nStorageLoc=slurm\n"
                f"PidFile={FOLDER}/slurmdbd.own\n"
            )

    def _slurm_conf(self):
        # A quarter of the memory stays with Snakemake, the tests and the daemons.
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 3 // 4
        storage = "slurmdbd\nAccountingStorageHost=localhost" if self.accounting else "none"
        # Slurm can listen on one address instead of all: on that of the host's name.
        loopback = socket.gethostbyname(socket.gethostname()).startswith("127.")
        listen = "NoInAddrAny,NoCtldInAddrAny" if loopback else ""
        return f"""\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation={FOLDER}/state
SlurmdSpoolDir={FOLDER}/spool
SlurmctldPidFile={FOLDER}/slurmctld.own
SlurmdPidFile={FOLDER}/slurmd.own
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmi2
CommunicationParameters={listen}
ReturnToService=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
DefMemPerCPU=500
MinJobAge=3600
KillWait=2
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=5,bf_interval=5
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
JobCompType=jobcomp/filetxt
JobCompLoc={FOLDER}/jobs.txt
AccountingStorageType=accounting_storage/{storage}
NodeName=localhost NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 \
CPUs={os.cpu_count()} RealMemory={memory} State=UNKNOWN
PartitionName=tests Nodes=localhost Default=YES MaxTime=60 State=UP
"""

    def _start_database(self):
        data, end = FOLDER / "database", FOLDER / "mysql.sock"
        data.mkdir()
        shutil.chown(data, "mysql", "mysql")
        shutil.chown(FOLDER, "mysql", "mysql")
        _run("mariadb-install-db", "--user=mysql", f"--datadir={data}", "--skip-test-db")
        self.spawn(
            "mariadbd",
            "--no-defaults",
            "--user=mysql",
            f"--datadir={data}",
            f"--socket={end}",
            "--skip-networking",
        )
        _wait(lambda: _succeeds("mariadb", f"--socket={end}", "-e", "select 1"), "mariadbd")
        environment = os.environ | {"MYSQL_UNIX_PORT": str(end)}
        self.spawn("slurmdbd", "-D", env=environment)
        _wait(lambda: _succeeds("sacctmgr", "-n", "show", "cluster"), "slurmdbd")


def obstacle():
    """Why no Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "starting Slurm's daemons needs root"
    if CONFIGURATION.exists() and not CONFIGURATION.read_text().startswith(MARK):
        return f"this host has a Slurm of its own ({CONFIGURATION})"
    if not all(map(_where, COMMANDS)):
        return "Slurm is not installed: python tests/shared/slurm_cluster.py install"
    return None


def install():
    """Install what is missing (Debian; needs root), without starting any of it."""
    if all(map(_where, COMMANDS)):
        return
    # Debian starts services as it installs them, unless this file says no.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _run("apt-get", "update", "-qq", env=environment)
        options = ["--yes", "-qq", "--no-install-recommends"]
        _run("apt-get", "install", *options, *PACKAGES, env=environment)
    finally:
        if ours:
            policy.unlink()


def _where(name):
    """Path of a command; daemons are where the PATH of a user may not lead."""
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))


def _run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise ClusterError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def _succeeds(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _wait(answers, name):
    """Until a daemon answers; ClusterError with the end of its log if it does not."""
    end = time.monotonic() + PATIENCE
    while not answers():
        if time.monotonic() > end:
            log = (FOLDER / f"{name}.log").read_text(errors="replace")[-2000:]
            state = f"node {_node_state()}, jobs {_output('squeue', '-h', '-o', '%i %T').split()}"
            raise ClusterError(f"{name} does not answer after {PATIENCE} s, {state}:\n{log}")
        time.sleep(0.2)


def _alive(pid, name):
    """Whether that process is the daemon, and no zombie nor a later process of the same pid."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # ours to bury, if this process started it
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return f"Name:\t{name}\n" in status and "State:\tZ" not in status


def _node_state():
    return _output("sinfo", "-h", "-o", "%T").strip()


def _node_takes_jobs():
    return _node_state() in ("idle", "mixed", "allocated", "completing")


def _kill_orphans():
    """End what is left of this cluster's jobs."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or another user's
            if b"SLURM_CLUSTER_NAME=tests" in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def _parents():
    """Parent of every process, a dict of pids."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = path.read_text().rpartition(")")[2].split()  # proc(5): state, parent, ...
            parents[int(path.parent.name)] = int(fields[1])
    return parents


def _command(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    return ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=["install", "start", "stop"])
    parser.add_argument("--accounting", action="store_true", help="with slurmdbd and MariaDB")
    wanted = parser.parse_args()
    try:
        if wanted.action == "install":
            install()
        else:
            getattr(Cluster(wanted.accounting), wanted.action)()
    except ClusterError as error:
        sys.exit(f"Error: {error}")
