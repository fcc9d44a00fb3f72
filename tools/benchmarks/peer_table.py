"""What tools/bench peers prints, from its result."""
import statistics

import report

BESIDE = "plain threads"  # what a name of those begins with: they make no batches, and are no peers


def text(result):
    lines = [f"# The same job by others\n\n{report.described(result['machine'])}\n",
             "; ".join(f"{peer}: {versions}" for peer, versions in result["versions"].items()) + ".\n" if result["versions"] else "",
             f"Medians of {result['rounds']} alternating rounds. Memory is the sum of the proportional set sizes of all processes. Plain "
             "threads make no batches: they decode into one buffer each.\n"]
    for name, told in result["sets"].items():
        lines.append(f"## {name + ' × ' + name if name.isdigit() else name}\n\n{told['images']} images a run, batches of {told['batch']}, "
                     f"weir with a budget of {told['memory_MiB']} MiB.\n")
        lines.append(table(told) + "\n")
        lines += [f"Left out: {who}: {reason}.\n" for who, reason in told["left_out"].items()]
    lines += [f"Left out: {who}: {reason}.\n" for who, reason in result["left_out"].items()]
    return "\n".join(line for line in lines if line)


def table(told):
    ours = rate(told["runs"]["weir"])
    rows = []
    for name, runs in told["runs"].items():
        first = report.Figure(tuple(1000 * seconds for seconds in runs["first_batch"]))
        rows.append([name, rate(runs).text(), f"{ours.per(rate(runs)).median:.2f}",
                     report.Figure(tuple(runs["cpu_per_1000"])).text(2), f"{runs['peak'] / 2**20:.0f}",
                     first.text() if runs["first_batch"] else "–", gone(runs["stops"]), left(runs["stops"])])
    return report.table(["", "images/s", "weir to it", "CPU s/1,000", "peak MiB", "first batch, ms", "stop to all gone, ms",
                         "left: threads, processes, MiB"], rows, range(1, 8))


def gone(stops):
    if not stops:
        return "–"
    took = [stop["gone"] for stop in stops]
    return "never" if None in took else f"{1000 * statistics.median(took):.1f} (at most {1000 * max(took):.1f})"


def left(stops):
    if not stops:
        return "–"
    most = [max(stop[f"{what}_left"] for stop in stops) for what in ("threads", "processes", "memory")]
    return f"{most[0]}, {most[1]}, {max(0, most[2]) / 2**20:.0f}"


def rate(runs):
    return report.Figure(tuple(runs["images_per_second"]))


def targets(result):
    wanted = []
    for name, told in result["sets"].items():
        peers = {who: runs for who, runs in told["runs"].items() if who != "weir" and not who.startswith(BESIDE)}
        if not peers:
            continue
        ours = told["runs"]["weir"]
        best = max(peers, key=lambda who: rate(peers[who]).median)
        wanted.append((f"{name}: images/s, weir to the best peer ({best})", rate(ours).per(rate(peers[best])).median, 3))
        wanted.append((f"{name}: peak memory, {best} to weir", peers[best]["peak"] / ours["peak"], 1))
    return wanted
