"""Medians, ratios and verdicts: the table and the JSON file."""

import json
import statistics
import time

from harness import machine


class Result:
    """A case's values with one compiler."""

    def __init__(self, tool_chain, case, values):
        self.tool_chain = tool_chain
        self.case = case
        self.values = values
        self.broken = any(rounds is None for rounds in values.values())

    def median(self, label, key):
        rounds = self.values.get(label) or []
        numbers = [values[key] for values in rounds if key in values]
        return statistics.median(numbers) if numbers else None


def header(tool_chains, options):
    lines = [machine.description()]
    lines += [tool_chain.description() for tool_chain in tool_chains]
    rounds = "1 round" if options.rounds == 1 else f"{options.rounds} rounds"
    lines.append(f"{rounds} of {options.seconds} s, in turns, medians; "
                 "ratio = lariat / the other program")
    if options.quick:
        lines.append("QUICK: the figures say that the programs run, nothing more")
    return "\n".join(lines) + "\n"


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 10000:
        return f"{value:.0f}"
    return f"{value:.4g}"


def verdict(ratio, bar, higher_is_better):
    if bar is None:
        return ""
    if ratio is None:
        return "?"
    return "ok" if (ratio >= bar if higher_is_better else ratio <= bar) else "MISSED"


def metric_rows(result, metric):
    """One line per program, the first of them with lariat's own value."""
    sign = ">=" if metric.higher_is_better else "<="
    lariat = result.median("lariat", metric.key)
    compiler = result.tool_chain.compiler
    head = [result.case.name, compiler, metric.key]
    if metric.limit is not None:
        yield [*head, number(lariat), "(limit)", number(metric.limit), "",
               f"{sign}{number(metric.limit)}",
               verdict(lariat, metric.limit, metric.higher_is_better)]
    for label in result.values:
        if label == "lariat":
            continue
        value = result.median(label, metric.key)
        if value is None:
            continue
        ratio = lariat / value if lariat is not None and value else None
        bar = metric.bar(label, compiler)
        yield [*head, number(lariat), label, number(value), number(ratio) if ratio else "",
               f"{sign}{bar:.3g}" if bar is not None else "",
               verdict(ratio, bar, metric.higher_is_better)]


def micro_rows(result, metric):
    """Benchmarks are named what/library: each what is a group of its own."""
    for name in result.values:
        what, _, library = name.rpartition("/")
        lariat = result.median(f"{what}/lariat", metric.key)
        value = result.median(name, metric.key)
        if library == "lariat" or value is None:
            continue
        ratio = lariat / value if lariat is not None else None
        bar = metric.bars.get(what)
        yield [f"micro {what}", result.tool_chain.compiler, metric.key, number(lariat), library,
               number(value), number(ratio) if ratio else "",
               f"<={bar:.3g}" if bar is not None else "", verdict(ratio, bar, False)]


def table(results):
    rows = [["workload", "compiler", "metric", "lariat", "beside", "value", "ratio", "bar", ""]]
    for result in results:
        make = micro_rows if result.case.kind == "micro" else metric_rows
        for metric in result.case.metrics:
            rows += make(result, metric)
    compilers = {row[1] for row in rows[1:]}
    if len(compilers) == 1:
        rows = [[row[0], *row[2:]] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numeric = {column for column, title in enumerate(rows[0])
               if title in ("lariat", "value", "ratio", "bar")}
    named = rows[0].index("lariat") + 1
    lines = []
    above = None
    for row in rows:
        head = row[:named]
        if head == above:
            # Said once per group: workload, compiler, metric, lariat's own value.
            row = [""] * named + row[named:]
        above = head
        cells = [cell.rjust(width) if column in numeric else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write_json(path, results, options):
    """Every value of every round, for those who want more than medians."""
    document = {
        "machine": machine.description(),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "results": [
            {"case": result.case.name, "compiler": result.tool_chain.compiler,
             "rounds": result.values}
            for result in results
        ],
    }
    path.write_text(json.dumps(document, indent=1))
