"""Carries out a plan over bad lines, and compares its weights with those of `run`.

    python3 tools/bad_line.py [--plan tools/bad-line.yaml] [--rate 1000] [--delay 100] [--loss 5] [--cut 60]

A coordinator and each device run in a network namespace of their own, as root of this machine; what crosses between
them is IP packets. Each line has --rate kbit/s in each direction, --delay ms each way and --loss per cent of packets
lost each way; device 1 is cut off for --cut s as soon as something of its second visit has crossed. The lines are
veth pairs with netem where the kernel has it (--lines netem), otherwise, or with --lines tun, TUN devices between
which this script carries every packet: it holds them back, as a line of that rate and length would, and loses some.
Above them both is the kernel's own TCP.

It shows, and exits with 0 only if so, that the run ended with the weights of `run`, and no visit was declared dead.
Needs Linux, root, iproute2 and /dev/net/tun. Everything is removed at the end, but for the folder that it names.
"""

import argparse
import collections
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ANABRANCH = os.path.join(HERE, "anabranch")
MTU = 1400
QUEUE = 256 << 10  # bytes that wait for the line before packets are dropped, as a router does
HUB = "10.77.0.1"
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001


def sh(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True)


def tun(namespace, name):
    """A TUN device in a namespace, open here."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + namespace, os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + namespace)
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
        return fd
    finally:
        if libc.setns(home, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns back")
        os.close(there)
        os.close(home)


class Direction:
    """One way of a line."""

    def __init__(self, args, seed):
        self.bytes_per_second = args.rate * 125.0
        self.delay = args.delay / 1000.0
        self.loss = args.loss / 100.0
        self.random = random.Random(seed)
        self.free = 0.0  # when the line has sent all that waits
        self.packets = self.lost = self.full = self.bytes = 0

    def arrives(self, size, now):
        """When a packet arrives at the other end; None if it does not."""
        self.packets += 1
        waiting = max(0.0, self.free - now) * self.bytes_per_second
        if waiting + size > QUEUE:
            self.full += 1
            return None
        self.free = max(self.free, now) + size / self.bytes_per_second
        if self.random.random() < self.loss:
            self.lost += 1
            return None
        self.bytes += size
        return self.free + self.delay


class TunLines:
    """Lines whose packets this process carries."""

    kind = "TUN devices, packets carried by this script"

    def __init__(self, args):
        self.args = args
        self.ends = {}  # fd: (the other end's fd, its direction, its device)
        self.ways = collections.defaultdict(list)
        self.cut = set()
        self.cut_packets = 0
        self.closed = False
        self.thread = threading.Thread(target=self.carry, daemon=True)

    def add(self, device, hub, home):
        near = tun(hub, "line%d" % device)
        far = tun(home, "line%d" % device)
        down, up = Direction(self.args, 2 * device), Direction(self.args, 2 * device + 1)
        self.ends[near] = (far, down, device)
        self.ends[far] = (near, up, device)
        self.ways[device] = [down, up]

    def start(self):
        self.thread.start()

    def carry(self):
        coming = []
        count = 0
        while not self.closed:
            now = time.monotonic()
            wait = 0.2 if not coming else max(0.0, min(0.2, coming[0][0] - now))
            ready, _, _ = select.select(list(self.ends), [], [], wait)
            now = time.monotonic()
            for fd in ready:
                to, way, device = self.ends[fd]
                try:
                    packet = os.read(fd, 65536)
                except BlockingIOError:
                    continue
                if device in self.cut:
                    self.cut_packets += 1
                    continue
                at = way.arrives(len(packet), now)
                if at is not None:
                    count += 1
                    heapq.heappush(coming, (at, count, to, device, packet))
            while coming and coming[0][0] <= now:
                _, _, to, device, packet = heapq.heappop(coming)
                if device not in self.cut:
                    try:
                        os.write(to, packet)
                    except OSError:
                        pass  # the other end's queue is full, or it is not up: lost

    def crossed(self, device):
        return sum(way.bytes for way in self.ways[device])

    def set_cut(self, device, cut):
        (self.cut.add if cut else self.cut.discard)(device)

    def told(self):
        all_ways = [way for ways in self.ways.values() for way in ways]
        return "%d packets, %d lost on the way, %d dropped by a full queue, %d while cut; %.2f MB arrived" % (
            sum(w.packets for w in all_ways), sum(w.lost for w in all_ways), sum(w.full for w in all_ways),
            self.cut_packets, sum(w.bytes for w in all_ways) / 1e6)

    def close(self):
        self.closed = True
        if self.thread.is_alive():
            self.thread.join()
        for fd in self.ends:
            os.close(fd)


class NetemLines:
    """Lines that the kernel makes bad."""

    kind = "veth pairs with netem"

    def __init__(self, args):
        self.args = args
        self.hub = {}

    def add(self, device, hub, home):
        name = "line%d" % device
        sh("ip", "link", "add", name, "netns", hub, "type", "veth", "peer", "name", name, "netns", home)
        for place in (hub, home):
            sh("ip", "netns", "exec", place, "tc", "qdisc", "add", "dev", name, "root", "netem", "rate",
               "%dkbit" % self.args.rate, "delay", "%dms" % self.args.delay, "loss", "%g%%" % self.args.loss)
        self.hub[device] = hub

    def start(self):
        pass

    def crossed(self, device):
        out = sh("ip", "-j", "-s", "-n", self.hub[device], "link", "show", "line%d" % device).stdout
        stats = json.loads(out)[0]["stats64"]
        return stats["rx"]["bytes"] + stats["tx"]["bytes"]

    def set_cut(self, device, cut):
        sh("ip", "-n", self.hub[device], "link", "set", "line%d" % device, "down" if cut else "up")
        if not cut:
            sh("ip", "-n", self.hub[device], "route", "replace", "10.77.%d.2" % device, "dev", "line%d" % device)

    def told(self):
        return "; ".join(
            sh("ip", "netns", "exec", hub, "tc", "-s", "qdisc", "show", "dev", "line%d" % d).stdout.split("\n")[1].strip()
            for d, hub in self.hub.items())

    def close(self):
        pass


def netem_error():
    """Why the kernel's netem cannot be had; None if it can."""
    name = "anb-probe-%d" % os.getpid()
    sh("ip", "netns", "add", name)
    try:
        out = sh("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms", check=False)
        return None if out.returncode == 0 else (out.stdout + out.stderr).strip()
    finally:
        sh("ip", "netns", "del", name)


class Rehearsal:
    def __init__(self, args, folder, lines):
        self.args, self.folder, self.lines = args, folder, lines
        self.processes = {}
        self.hub = "anb-hub-%d" % os.getpid()
        self.homes = {k: "anb-dev%d-%d" % (k, os.getpid()) for k in range(1, args.devices + 1)}
        self.operator = None

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def namespaces(self):
        for name in [self.hub, *self.homes.values()]:
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "-n", self.hub, "addr", "add", HUB + "/32", "dev", "lo")
        for device, home in self.homes.items():
            self.lines.add(device, self.hub, home)
            line = "line%d" % device
            for place, own, other in ((self.hub, 1, 2), (home, 2, 1)):
                sh("ip", "-n", place, "link", "set", line, "mtu", str(MTU), "up")
                sh("ip", "-n", place, "addr", "add", "10.77.%d.%d" % (device, own),
                   "peer", "10.77.%d.%d" % (device, other), "dev", line)
            sh("ip", "-n", home, "route", "add", HUB, "dev", line, "src", "10.77.%d.2" % device)
        self.lines.start()

    def start(self, name, place, *words):
        log = open(self.path(name + ".log"), "a")
        env = dict(os.environ, ANABRANCH_OPERATOR=self.operator or "")
        self.processes[name] = subprocess.Popen(
            ["ip", "netns", "exec", place, ANABRANCH, *words], stdout=log, stderr=log, env=env)

    def ask(self, *words, check=True):
        env = dict(os.environ, ANABRANCH_OPERATOR=self.operator)
        return subprocess.run(["ip", "netns", "exec", self.hub, ANABRANCH, *words], env=env, check=check,
                              capture_output=True, text=True).stdout

    def dead(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise SystemExit("%s has ended with code %d; see %s" % (name, process.returncode, self.path(name + ".log")))

    def until(self, holds, every=1.0):
        while not holds():
            self.dead()
            time.sleep(every)

    def attending(self):
        try:
            answer = json.loads(self.ask("devices", "--json", check=False) or "{}")
        except json.JSONDecodeError:
            return 0
        return sum(1 for one in answer.get("devices", []) if one.get("state") == "attending")

    def play(self):
        made = json.loads(self.sh_json("coordinator", "init", "--data=" + self.path("coordinator"), "--host=" + HUB, "--json"))
        self.operator = made["operator"]
        self.start("coordinator", self.hub, "coordinator", "--data=" + self.path("coordinator"))
        self.until(lambda: self.ask("runs", check=False) != "")
        for device, home in self.homes.items():
            token = self.ask("enrol", "device-%d" % device).strip()
            self.start("device-%d" % device, home, "device", "--home=" + self.path("device-%d" % device), "--token=" + token)
        began = time.monotonic()
        self.until(lambda: self.attending() == len(self.homes), every=2.0)
        say("all attend after %.0f s; the run begins" % (time.monotonic() - began))
        began = time.monotonic()
        run = json.loads(self.ask("submit", self.args.plan, "--json"))["id"]
        record = self.path("coordinator", "runs", run)
        self.watch(record)
        return record, time.monotonic() - began

    def sh_json(self, *words):
        return subprocess.run([ANABRANCH, *words], check=True, capture_output=True, text=True).stdout

    def watch(self, record):
        """Cuts device 1's line within its second visit; returns when the run has ended."""
        crossed, mend, cut = None, None, self.args.cut <= 0
        while not os.path.exists(os.path.join(record, "summary.json")):
            self.dead()
            lines = events(record)
            if any(e.get("kind") == "end" and e.get("state") == "failed" for e in lines):
                raise SystemExit("the run has failed: %s" % lines[-1])
            second = any(e.get("kind") == "round" and e.get("round") == 1 for e in lines)
            if second and not cut:
                crossed = self.lines.crossed(1) if crossed is None else crossed
                if self.lines.crossed(1) - crossed > 50_000:
                    cut = True
                    self.lines.set_cut(1, True)
                    mend = time.monotonic() + self.args.cut
                    say("the line of device 1 is cut for %d s, in its second visit" % self.args.cut)
            if mend is not None and time.monotonic() >= mend:
                mend = None
                self.lines.set_cut(1, False)
                say("the line of device 1 is back")
            time.sleep(0.2)

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.lines.close()
        for name in [self.hub, *self.homes.values()]:
            sh("ip", "netns", "del", name, check=False)


def events(record):
    try:
        with open(os.path.join(record, "log.jsonl"), encoding="utf-8") as log:
            return [json.loads(line) for line in log.read().split("\n")[:-1] if line]
    except FileNotFoundError:
        return []


def say(text):
    print("bad line: " + text, flush=True)


def summary(record):
    with open(os.path.join(record, "summary.json"), encoding="utf-8") as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plan", default=os.path.join(HERE, "tools", "bad-line.yaml"), help="of --devices devices")
    parser.add_argument("--devices", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1000, help="kbit/s each way")
    parser.add_argument("--delay", type=float, default=100, help="ms each way")
    parser.add_argument("--loss", type=float, default=5, help="per cent of packets, each way")
    parser.add_argument("--cut", type=float, default=60, help="s; 0: none")
    parser.add_argument("--lines", choices=["auto", "netem", "tun"], default="auto")
    args = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("ip"):
        raise SystemExit("bad line: needs root and iproute2 (ip, tc): apt-get install iproute2")
    why = netem_error() if args.lines != "tun" else "not asked for"
    if args.lines == "netem" and why:
        raise SystemExit("bad line: netem: " + why)
    lines = TunLines(args) if why else NetemLines(args)
    if why and args.lines == "auto":
        say("netem cannot be had here: " + why)
    folder = tempfile.mkdtemp(prefix="bad-line-")
    say("%d lines of %g kbit/s, %g ms, %g %% loss each way: %s" % (args.devices, args.rate, args.delay, args.loss, lines.kind))
    say("folder: " + folder)
    local = os.path.join(folder, "local")
    subprocess.run([ANABRANCH, "run", args.plan, "--output", local], check=True, stdout=subprocess.DEVNULL)
    rehearsal = Rehearsal(args, folder, lines)
    try:
        rehearsal.namespaces()
        record, seconds = rehearsal.play()
        told = lines.told()
    finally:
        rehearsal.close()
    expected, found = summary(local)["weightsSha256"], summary(record)["weightsSha256"]
    lost = summary(record).get("lost", 0)
    attempts = collections.Counter(e.get("state") for e in events(record) if e.get("kind") == "attempt")
    say("ended after %.0f s; attempts: %s; visits declared dead: %d" % (seconds, dict(attempts), lost))
    say(told)
    say("weights of the run:   " + found)
    say("weights of run alone: " + expected)
    say("EQUAL" if found == expected and lost == 0 else "NOT EQUAL")
    sys.exit(0 if found == expected and lost == 0 else 1)


if __name__ == "__main__":
    main()
