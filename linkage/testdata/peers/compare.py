"""Link the same records with tre and with Splink, on this machine, in turns.

    compare.py link   --tre TRE --build FOLDER [--published FOLDER] [--runs 3] [--only tight] [--without tre]
    compare.py growth --tre TRE --build FOLDER [--sizes 100000,1000000,10000000] [--peer-up-to 1000000]

link is what `make bench-peers` runs: files in, files out, train + predict +
cluster, medians of the runs. Both are one process, timed from its start to its
end; tre's three steps are also timed one by one, in a process each. Memory is the
largest resident set of any process. Quality is counted from the clusters and column
`cluster` of the records, for both alike. Prints a Markdown table and writes
every single run to FOLDER/results.json.
"""

import argparse
import importlib.metadata
import json
import math
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = ("tight", "loose")


class Failed(Exception):
    """A program that did not do its work; the message says which and where its words are."""


def timed(command, log):
    """Run a command to its end: its wall-clock seconds and peak resident set in MiB.

    Linux counts into that peak what this process held when it began the other, so that it must stay small: it imports
    no engine, and looks at results in a process of their own.
    """
    with open(log, "ab") as out:
        started = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        except OSError as error:
            raise Failed(f"{command[0]} cannot be run: {error.strerror}") from error
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f"{' '.join(command[:3])}: exit code {process.returncode}; see {log}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, KiB here
    return seconds, used.ru_maxrss / unit


def weight_of(probability):
    """The match weight at which a pair has this probability."""
    return math.log2(probability / (1 - probability))


class Job:
    """One set of records, one set of blocking rules, one training plan."""

    def __init__(self, name, records, settings, plan, folder):
        self.name, self.records, self.settings, self.plan = name, records, settings, plan
        self.folder = os.path.join(folder, "".join(c for c in name if c.isalnum()))
        os.makedirs(self.folder, exist_ok=True)
        with open(plan) as f:
            self.predict_at = yaml.safe_load(f)["predict"]["threshold_match_probability"]

    def path(self, *parts):
        return os.path.join(self.folder, ".".join(parts))

    def fresh(self, *parts):
        """A file to be written: nothing of an earlier run may be taken for it."""
        path = self.path(*parts)
        if os.path.exists(path):
            os.remove(path)
        return path


def run_tre(tre, job):
    """tre trains, predicts and clusters in one go."""
    folder = job.path("tre", "run")
    shutil.rmtree(folder, ignore_errors=True)
    seconds, memory = timed([tre, "link", "run", "--settings", job.settings, "--training", job.plan, "--min-weight",
                             f"{weight_of(job.predict_at):.12g}", "--out", folder, job.records], job.path("tre", "log"))
    return {"seconds": seconds, "stages": {}, "memory": memory,
            **quality(job, os.path.join(folder, "pairs.parquet"), os.path.join(folder, "clusters.parquet"))}


def run_steps(tre, job):
    """tre trains, predicts and clusters: one process each."""
    model, pairs, clusters = job.fresh("tre", "model.json"), job.fresh("tre", "pairs.parquet"), job.fresh("tre", "clusters.parquet")
    steps = {
        "train": ["--settings", job.settings, "--training", job.plan, "--out", model],
        "predict": ["--model", model, "--min-weight", f"{weight_of(job.predict_at):.12g}", "--out", pairs],
        "cluster": ["--pairs", pairs, "--out", clusters],
    }
    stages, peak = {}, 0.0
    for step, arguments in steps.items():
        seconds, memory = timed([tre, "link", step, *arguments, job.records], job.path("tre", "log"))
        stages[step], peak = round(seconds, 3), max(peak, memory)
    return {"seconds": sum(stages.values()), "stages": stages, "memory": peak, **quality(job, pairs, clusters)}


def run_splink(_, job):
    """Splink does the same in one process; see splink_link.py."""
    pairs, clusters = job.fresh("splink", "pairs.parquet"), job.fresh("splink", "clusters.parquet")
    said = job.fresh("splink", "stages.json")
    seconds, memory = timed([sys.executable, os.path.join(HERE, "splink_link.py"), job.records, job.settings, job.plan,
                             pairs, clusters, said], job.path("splink", "log"))
    with open(said) as f:
        stages = json.load(f)["seconds"]
    return {"seconds": seconds, "stages": stages, "memory": memory, **quality(job, pairs, clusters)}


PROGRAMS = {"splink": run_splink, "tre": run_tre, "tre in steps": run_steps}


def quality(job, pairs, clusters):
    """Pairs written, and precision, recall and F1 of all pairs within clusters."""
    for path in (pairs, clusters):
        if not os.path.exists(path):
            raise Failed(f"{path} was not written")
    with multiprocessing.get_context("spawn").Pool(1) as apart:
        return apart.apply(counted, (job.records, pairs, clusters))


def counted(records_file, pairs, clusters):
    """quality, in the process of its own."""
    import duckdb
    db = duckdb.connect()
    count = db.execute("SELECT count(*) FROM read_parquet(?)", [pairs]).fetchone()[0]
    both, found, true, records, clustered = db.execute(
        """
        WITH linked AS (
            SELECT r.cluster AS person, coalesce(c.cluster_id::VARCHAR, 'alone ' || r.unique_id) AS made, c.unique_id AS there
            FROM read_parquet($records) r LEFT JOIN read_parquet($clusters) c USING (unique_id)),
        agreed AS (SELECT count(*) AS n FROM linked GROUP BY person, made),
        found AS (SELECT count(*) AS n FROM linked GROUP BY made),
        truth AS (SELECT count(*) AS n FROM linked GROUP BY person)
        SELECT (SELECT sum(n * (n - 1) // 2) FROM agreed), (SELECT sum(n * (n - 1) // 2) FROM found),
            (SELECT sum(n * (n - 1) // 2) FROM truth), (SELECT count(*) FROM linked), (SELECT count(there) FROM linked)
        """, {"records": records_file, "clusters": clusters}).fetchone()
    both, found, true = int(both), int(found), int(true)
    precision, recall = both / max(found, 1), both / max(true, 1)
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return {"pairs": count, "precision": precision, "recall": recall, "f1": f1, "records": records, "clustered": clustered}


def median_of(runs):
    """The median of each figure over the runs."""
    def middle(key):
        return statistics.median(r[key] for r in runs)
    figures = {key: middle(key) for key in ("seconds", "memory", "pairs", "precision", "recall", "f1")}
    figures["stages"] = {stage: statistics.median(r["stages"][stage] for r in runs) for stage in runs[0]["stages"]}
    return figures


def take_turns(jobs, programs, tre, runs):
    """Run every program on every job, in turns, so that a busy minute of the machine falls on all alike."""
    results = {job.name: {p: [] for p in programs} for job in jobs}
    for job in jobs:
        for n in range(runs):
            for program in programs:
                say(f"{job.name}: {program}, run {n + 1} of {runs}")
                results[job.name][program].append(PROGRAMS[program](tre, job))
    return results


def say(text):
    print(text, file=sys.stderr, flush=True)


def jobs_of(o):
    """The published records and settings where they are at hand, else invented ones of the same shape."""
    folder = os.path.join(o.build, "link")
    os.makedirs(folder, exist_ok=True)
    linkage = os.path.join(o.published, "data", "linkage") if o.published else ""
    records = os.path.join(linkage, "synthetic", "synth_1m.parquet")
    plan = os.path.join(linkage, "reference", "synth_1m.training.yaml")
    settings = {rules: os.path.join(linkage, "reference", f"synth_1m_{rules}.settings.json") for rules in o.only}
    lacking = [path for path in [records, plan, *settings.values()] if not os.path.exists(path)]
    if not lacking:
        return "published", [Job(rules, records, settings[rules], plan, folder) for rules in o.only]
    say(f"{lacking[0] if linkage else 'the folder of published data'} is not there: invented records of the same shape are linked instead")
    records = invented(o, 1_000_000)
    return "invented", [Job(rules, records, own_settings(rules), own_plan(), folder) for rules in o.only]


def own_settings(rules):
    return os.path.join(HERE, f"people_{rules}.settings.json")


def own_plan():
    return os.path.join(HERE, "people.training.yaml")


def invented(o, size):
    """A file of so many invented records, made once."""
    path = os.path.join(o.build, f"people_{size}.parquet")
    if not os.path.exists(path):
        say(f"inventing {size:,} records")
        timed([o.tre, "fixtures", "--records", str(size), "--out", path], os.path.join(o.build, "fixtures.log"))
    return path


def table(results):
    """The medians as a Markdown table, tre's time against the other's."""
    lines = ["| rules | program | seconds | times as fast | peak memory, MiB | pairs | precision | recall | F1 | stages, seconds |",
             "|---|---|--:|--:|--:|--:|--:|--:|--:|---|"]
    for job, programs in results.items():
        medians = {p: median_of(runs) for p, runs in programs.items() if runs}
        slowest = medians.get("splink", {}).get("seconds")
        for program, m in medians.items():
            ratio = f"{slowest / m['seconds']:.1f}" if slowest else ""
            stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in m["stages"].items())
            lines.append(f"| {job} | {program} | {m['seconds']:.2f} | {ratio} | {m['memory']:,.0f} | {m['pairs']:,.0f} | "
                         f"{m['precision']:.4f} | {m['recall']:.4f} | {m['f1']:.4f} | {stages} |")
    return "\n".join(lines)


def machine():
    """What the figures were measured on and with."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "memory_mib": pages >> 20, "system": platform.platform(), "load": os.getloadavg(),
            "python": platform.python_version(), "splink": importlib.metadata.version("splink"), "duckdb": importlib.metadata.version("duckdb")}


def write_results(o, name, what):
    path = os.path.join(o.build, name)
    with open(path, "w") as f:
        json.dump(what, f, indent=1)
    say(f"every run: {path}")


def link(o):
    """make bench-peers."""
    programs = [p for p in PROGRAMS if p not in o.without]
    data, jobs = jobs_of(o)
    started = machine()
    results = take_turns(jobs, programs, o.tre, o.runs)
    print(f"{data} records, {o.runs} runs each in turns, medians; {started['cores']} cores, {started['memory_mib']:,} MiB, "
          f"Splink {started['splink']} on DuckDB {started['duckdb']}\n")
    print(table(results))
    write_results(o, "results.json", {"data": data, "machine": started, "runs": results,
                                      "medians": {j: {p: median_of(r) for p, r in ps.items()} for j, ps in results.items()}})


def growth(o):
    """How time and memory grow with the records: invented records of each size, linked with the tight rules kept here.

    Splink takes part up to --peer-up-to records (at ten million it needs most of an hour and of the memory); above that
    size the table has tre alone. Then the refresh: of the records of --refresh (a million), 1 % change, and the person
    index that was built of the records is handed the changes alone.
    """
    results = {}
    for size in o.sizes:
        job = Job(f"{size:,} records", invented(o, size), own_settings("tight"), own_plan(), os.path.join(o.build, "growth"))
        programs = [p for p in PROGRAMS if p not in o.without and (p != "splink" or size <= o.peer_up_to)]
        results.update(take_turns([job], programs, o.tre, o.runs))
    print(table(results))
    refreshed = {rules: [refreshed_once(o, rules) for _ in range(o.runs)] for rules in RULES} if o.refresh else {}
    print(refresh_table(refreshed))
    write_results(o, "growth.json", {"machine": machine(), "runs": results, "refresh": refreshed})


def refreshed_once(o, rules):
    """Builds a person index, brings it up to date with the changes alone, and builds one of the whole later file.

    The changes are of 1 % of the records exactly, and then those of the later file: about as many, and new and gone
    records as well."""
    later, delta = refresh(o, o.refresh)
    changed = os.path.join(o.build, f"people_{o.refresh}.changed.parquet")
    if not os.path.exists(changed):
        with multiprocessing.get_context("spawn").Pool(1) as apart:
            apart.apply(changed_alone, (delta, changed, o.refresh // 100))
    before = invented(o, o.refresh)
    folder = os.path.join(o.build, "index", rules)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    log, model = os.path.join(folder, "log"), os.path.join(folder, "model.json")
    said = {}

    def run(step, *arguments):
        seconds, memory = timed([o.tre, "link", *arguments], log)
        said[step] = {"seconds": seconds, "memory": memory}

    index, other, anew = (os.path.join(folder, name) for name in ("index", "other", "anew"))
    run("train", "train", "--settings", own_settings(rules), "--training", own_plan(), "--out", model, before)
    run("build", "index", "--model", model, "--index", index, before)
    shutil.copytree(index, other)
    run("refresh: 1 % changed", "index", "--index", index, "--change", "change", changed)
    run("refresh: changed, new and gone", "index", "--index", other, "--change", "change", delta)
    run("full run on the later file", "index", "--model", model, "--index", anew, later)
    return said


def changed_alone(delta, out, most):
    """The first changed records of a delivery, by id, in a process of its own."""
    import duckdb
    duckdb.execute("COPY (SELECT * FROM read_parquet(?) WHERE change = 'changed' ORDER BY unique_id LIMIT ?) TO '"
                   + out.replace("'", "''") + "' (FORMAT parquet)", [delta, most])


def refresh_table(refreshed):
    lines = ["", "| rules | step | seconds | share of the build | peak memory, MiB |", "|---|---|--:|--:|--:|"]
    for rules, runs in refreshed.items():
        build = statistics.median(run["build"]["seconds"] for run in runs)
        for step in runs[0]:
            seconds, memory = (statistics.median(run[step][key] for run in runs) for key in ("seconds", "memory"))
            lines.append(f"| {rules} | {step} | {seconds:.3f} | {seconds / build:.1%} | {memory:,.0f} |")
    return "\n".join(lines)


def refresh(o, size):
    """What a file of invented records has become after 1 % of it changed, and the changes alone."""
    before = invented(o, size)
    later = os.path.join(o.build, f"people_{size}.later.parquet")
    if not os.path.exists(later):
        timed([o.tre, "fixtures", "--changed", "1", "--from", before, "--out", later], os.path.join(o.build, "fixtures.log"))
    return later, later.removesuffix(".parquet") + ".delta.parquet"


def numbers(text):
    return [int(part) for part in text.split(",")]


def words(text):
    return [part for part in text.split(",") if part]


def main():
    parser = argparse.ArgumentParser(description="link the same records with tre and with Splink")
    parser.add_argument("what", choices=["link", "growth"])
    parser.add_argument("--tre", required=True, help="the program")
    parser.add_argument("--build", required=True, help="folder for everything that is made")
    parser.add_argument("--published", default="", help="folder of published data")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=words, default=list(RULES), help="tight,loose")
    parser.add_argument("--without", type=words, default=[], help="leave out tre, 'tre in steps' or splink")
    parser.add_argument("--sizes", type=numbers, default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--peer-up-to", type=int, default=1_000_000)
    parser.add_argument("--refresh", type=int, default=1_000_000)
    o = parser.parse_args()
    o.build = os.path.abspath(o.build)
    os.makedirs(o.build, exist_ok=True)
    try:
        {"link": link, "growth": growth}[o.what](o)
    except Failed as failed:
        sys.exit(f"bench-peers: {failed}")


if __name__ == "__main__":
    main()
