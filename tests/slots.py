"""Whether the slots of every job add up, in every relation and sentence that shows them.

Belongs here: checks that read a warehouse and return what is wrong. Does not belong here: rows.
"""

import re
from collections import defaultdict

from dagster_project.deliver.one_job import read_job, snapshot
from dagster_project.deliver.report.read import read_overview
from tests.unify.warehouse import Row, read

STATES = ("answered", "failed", "missing", "pending")
COUNTED = ("expected", *STATES, "failures_without_region")
ENDED = ("completed", "partial", "failed", "cancelled", "lost", "quarantined")
SAID = re.compile(r"(?P<answered>\d+) of (?P<expected>\d+) requested answers")
NEVER_CAME = re.compile(r"none of (?P<expected>\d+) requested answers")
BEFORE_A_REGION = re.compile(r"Failures before a region was known: (\d+)\.")


def slot_problems(url: str) -> list[str]:
    """Return where slots do not add up, one line each."""
    jobs = {row["job_id"]: row for row in read(url, "select * from analytics.job_status")}
    live = read(url, "select job_id, payload -> 'progress' as progress from portal.job_live")
    progress: dict[str, list[Row]] = defaultdict(list)
    for row in read(url, "select * from analytics.job_progress"):
        progress[row["job_id"]].append(row)
    problems = [
        f"{job_id}: not in portal.job_live" for job_id in {*jobs} - {r["job_id"] for r in live}
    ]
    problems += [
        f"{row['job_id']}: portal.job_live says {row['progress']}"
        for row in live
        if row["progress"] != _counted(jobs[row["job_id"]])
    ]
    for job_id, job in jobs.items():
        problems += [f"{job_id}: {one}" for one in _of_job(job, progress[job_id])]
    return problems + _of_readers(url, list(jobs.values()))


def _counted(job: Row) -> Row:
    return {name: job[name] for name in COUNTED}


def _of_job(job: Row, progress: list[Row]) -> list[str]:
    problems = [
        f"{row['requested_region']}/{row['model_id']} does not add up: {row}"
        for row in [*progress, {"requested_region": "all", "model_id": "all", **job}]
        if sum(row[state] for state in STATES) != row["expected"]
        or min(row[name] for name in COUNTED) < 0
    ]
    problems += [
        f"{name} of its regions is not {job[name]}"
        for name in COUNTED
        if sum(row[name] for row in progress) != job[name]
    ]
    for row in progress:
        slots = sum(row[name] for name in ("expected", *STATES))
        if row["requested_region"] == "UNKNOWN" and slots:
            problems.append("a failure of no region takes a slot")
        if row["requested_region"] != "UNKNOWN" and row["failures_without_region"]:
            problems.append("a failure of no region is counted in one")
    if job["status"] in ENDED and job["pending"]:
        problems.append(f"{job['status']}, and {job['pending']} are pending")
    return problems + _of_sentence(job)


def _of_sentence(job: Row) -> list[str]:
    said = SAID.search(job["explanation"]) or NEVER_CAME.search(job["explanation"])
    problems = [
        f"its sentence says {value} {name}, not {job[name]}"
        for name, value in (said.groupdict().items() if said else ())
        if int(value) != job[name]
    ]
    unplaced = BEFORE_A_REGION.search(job["explanation"])
    if int(unplaced[1] if unplaced else 0) != job["failures_without_region"]:
        problems.append("its sentence says another number of failures before a region was known")
    return problems


def _of_readers(url: str, jobs: list[Row]) -> list[str]:
    """Compare what the report and the command line read."""
    problems = []
    with snapshot(url, "test") as connection:
        for job in jobs:
            found = read_job(connection, job["job_id"])
            if found is None or _counted(found.job) != _counted(job):
                problems.append(f"{job['job_id']}: beacon job shows other numbers")
        weeks = read_overview(connection, None).weeks
    return problems + [
        f"the report's weeks have another sum of {name}"
        for name in ("expected", *STATES)
        if sum(week[name] for week in weeks) != sum(job[name] for job in jobs)
    ]
