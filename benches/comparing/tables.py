"""The report as Markdown tables, for a terminal and for README alike."""

from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]


def markdown(report: Record) -> str:
    """Lay out everything that was measured."""
    sections = [
        machine(report["machine"]),
        comparison("One thread, many reads", report.get("compare", [])),
        comparison("One thread, one read", report.get("one_read", [])),
        threads(report.get("threads", [])),
        levels(report.get("levels", [])),
        tempering(report.get("tempering", [])),
        machines(report.get("machines", [])),
        single("Memory, n = 1,000,000, degree 6, 16 chains", MEMORY, report.get("memory")),
        single("From scipy.sparse, n = 1,000,000, degree 6", READINESS, report.get("readiness")),
    ]
    return "\n\n".join(section for section in sections if section)


MEMORY = {
    "bytes_a_coupling_building": "bytes a coupling, peak while the model is made",
    "bytes_a_coupling_kept": "bytes a coupling, the model",
    "bytes_a_spin_and_chain": "bytes a spin and chain, peak of the run beyond the model",
}
READINESS = {
    "model_seconds": "seconds to the model",
    "first_state_seconds": "seconds to the first state",
}


def machine(facts: Record) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return f"{facts['cpu']}, {facts['cores']} cores, {facts['vector_level']}; {versions}"


def comparison(title: str, records: Sequence[Record]) -> str:
    """Our speed, and for each peer: ratio of speeds, ratio of whole calls, excess of energy."""
    if not records:
        return ""
    names = [peer["package"] for peer in records[0]["peers"]]
    head = ["problem", "", "million updates/s"]
    for name in names:
        head += [f"x {name}", "whole call", "energy"]
    rows = []
    for record in records:
        row = [record["problem"], record["what"], millions(record["updates_per_second"])]
        for peer in record["peers"]:
            row += [
                f"{peer['ratio']:.1f}",
                f"{peer['wall_ratio']:.1f}",
                "" if peer["energy_excess"] is None else f"{peer['energy_excess']:+.1f}",
            ]
        rows.append(row)
    note = (
        f"Reads of ours: {records[0]['reads']}. `x` is the ratio of updates/s by the sampling time "
        "that each package reports, `whole call` the same for the time from edge arrays to "
        "energies; `energy` is how many standard errors our mean last energy lies above theirs."
    )
    return f"### {title}\n\n{table(head, rows)}\n\n{note}"


def threads(records: Sequence[Record]) -> str:
    if not records:
        return ""
    rows = [
        [
            record["problem"],
            str(record["reads"]),
            *map(millions, record["updates_per_second"]),
            f"{record['ratio']:.2f}",
            "yes" if record["same_energies"] else "NO",
        ]
        for record in records
    ]
    head = ["problem", "reads", "1 thread", "2 threads", "ratio", "same energies"]
    return f"### Two threads against one (million updates/s)\n\n{table(head, rows)}"


def levels(records: Sequence[Record]) -> str:
    if not records:
        return ""
    names = list(records[0]["updates_per_second"])
    rows = [
        [
            record["problem"],
            *(millions(record["updates_per_second"][name]) for name in names),
            "yes" if record["same_energies"] else "NO",
        ]
        for record in records
    ]
    head = ["problem", *names, "same energies"]
    return f"### Vector levels, one thread (million updates/s)\n\n{table(head, rows)}"


def tempering(records: Sequence[Record]) -> str:
    """Replica exchange: speed, what exchange and measurement take of it, and the peer."""
    if not records:
        return ""
    rows = [
        [
            f"{record['size']}^3, {record['rungs']} rungs",
            millions(record["updates_per_second"]),
            f"{100 * record['overhead']:.0f} %",
            "" if record["peapods"] is None else millions(record["peapods"]),
            ""
            if record["peapods"] is None
            else f"{record['updates_per_second'] / record['peapods']:.0f}",
        ]
        for record in records
    ]
    head = ["+-J cube, 2 ladders", "million updates/s", "exchange, measurement", "peapods", "ratio"]
    return f"### Replica exchange, two threads\n\n{table(head, rows)}"


def machines(records: Sequence[Record]) -> str:
    """Restricted Boltzmann machines: seconds, ratio to ours, share of what a product reaches."""
    if not records:
        return ""
    rows = [
        [
            record["task"],
            record["package"],
            f"{record['seconds']:.4f}",
            f"{record['ratio']:.2f}",
            f"{record['gflops']:.0f}",
            f"{100 * record['share_of_gemm']:.0f} %",
        ]
        for record in records
    ]
    head = [
        "784 x 500, float32",
        "package",
        "seconds",
        "ratio",
        "GFLOP/s",
        "of NumPy's dense product",
    ]
    title = f"Restricted Boltzmann machines, {records[0]['data']}, two threads"
    return f"### {title}\n\n{table(head, rows)}"


def single(title: str, words: dict[str, str], record: Record | None) -> str:
    if record is None:
        return ""
    rows = [[text, f"{record[key]:.2f}"] for key, text in words.items()]
    return f"### {title}\n\n{table(['', ''], rows)}"


def millions(per_second: float) -> str:
    value = per_second / 1e6
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table with its columns aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in (head, *rows)]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
