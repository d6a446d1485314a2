"""Link one Parquet file of records with Splink, as its own documentation does.

    splink_link.py RECORDS SETTINGS PLAN PAIRS CLUSTERS STAGES

Reads the records with DuckDB, trains by the plan (prior from deterministic
rules and recall, u from sampled pairs, one EM session a rule), predicts,
clusters by connected components, and writes pairs and clusters as Parquet.
STAGES gets the seconds of each stage as JSON. Every setting is Splink's default
unless the plan says otherwise: all cores, the engine's own memory limit.
"""

import json
import sys
import time

STARTED = time.perf_counter()  # before the imports: they are part of a run

import duckdb  # noqa: E402
import splink  # noqa: E402
import yaml  # noqa: E402
from splink import DuckDBAPI, Linker  # noqa: E402


class Stages:
    """Seconds of each stage, in order; the clock starts with the process."""

    def __init__(self):
        self.seconds, self.last = {}, STARTED

    def end(self, name):
        now = time.perf_counter()
        self.seconds[name] = round(now - self.last, 3)
        self.last = now


def train(linker, plan, stages):
    prior = plan["prior"]
    linker.training.estimate_probability_two_random_records_match(prior["deterministic_rules"], recall=prior["recall"])
    stages.end("prior")
    u = plan["u"]
    early = {} if u.get("early_stop", True) else {"min_count_per_level": None}
    linker.training.estimate_u_using_random_sampling(max_pairs=float(u["max_pairs"]), **early)
    stages.end("u")
    for rule in plan["em"]:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, fix_u_probabilities=True)
    stages.end("em")


def main(records, settings, plan, pairs, clusters, stages_file):
    stages = Stages()
    stages.end("import")
    with open(settings) as f:
        settings = json.load(f)
    with open(plan) as f:
        plan = yaml.safe_load(f)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE records AS SELECT * FROM read_parquet(?)", [records])
    database = DuckDBAPI(connection=connection)
    linker = Linker(database.register("records"), settings)
    stages.end("read")
    train(linker, plan, stages)
    predicted = linker.inference.predict(threshold_match_probability=plan["predict"]["threshold_match_probability"])
    stages.end("predict")
    clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=plan["cluster"]["threshold_match_probability"])
    stages.end("cluster")
    predicted.to_parquet(pairs, overwrite=True)
    clustered.to_parquet(clusters, overwrite=True)
    stages.end("write")
    with open(stages_file, "w") as f:
        json.dump({"splink": splink.__version__, "duckdb": duckdb.__version__, "seconds": stages.seconds}, f)


if __name__ == "__main__":
    main(*sys.argv[1:])
