"""junit.xml: a test suite for each station, and one for its controls."""

import re
import xml.etree.ElementTree as ET
from collections import defaultdict

from reports.read import Case, Run

# What XML 1.0 cannot hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Run) -> str:
    """A lock that failed is a failure; a rig that could not tell is an error. A control
    passes if its defect was caught, a sham if it was judged as it must be."""
    suites: defaultdict[str, list[Case]] = defaultdict(list)
    for case in run.cases:
        suite = case.station + ("" if case.purpose == "case" else " controls")
        suites[suite].append(case)
    root = ET.Element("testsuites", name="lockrig", time=_seconds(run.wall_s))
    for name, cases in sorted(suites.items()):
        root.append(_suite(name, cases, run))
    # Not "skipped": the schema of Jenkins knows it on suites alone.
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode")


def _suite(name: str, cases: list[Case], run: Run) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        time=_seconds(sum(each.wall_s for each in cases)),
        timestamp=run.info.get("started", "").replace(" ", "T"),
    )
    properties = ET.SubElement(suite, "properties")
    for key in ("version", "seed", "bench", "bench_kind", "trace_sha256"):
        value = _clean(run.info.get(key, ""))
        ET.SubElement(properties, "property", name=key, value=value)
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for case in cases:
        element = ET.SubElement(
            suite,
            "testcase",
            name=_name(case),
            classname=_module(case.scenario),
            time=_seconds(case.wall_s),
        )
        problem = _problem(case)
        if problem:
            counts[problem] += 1
            child = ET.SubElement(element, problem, message=_clean(case.reason))
            if problem != "skipped":
                child.set("type", _type(case))
                child.text = _clean(case.reason)
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    return suite


def _problem(case: Case) -> str:
    if case.outcome == "skipped":
        return "skipped"
    if case.purpose != "case":
        return "" if case.caught else "failure"
    return {
        "passed": "",
        "failed": "failure",
        "inconclusive": "error",
        "error": "error",
    }[case.outcome]


def _type(case: Case) -> str:
    return case.outcome if case.purpose == "case" else "missed"


def _name(case: Case) -> str:
    function = case.scenario.rpartition("::")[2]
    if case.purpose == "sham":
        return _clean(f"{case.case_id} {case.defect}")
    defect = f" against {case.defect}" if case.defect else ""
    return _clean(f"{case.case_id} {function}{defect}")


def _module(scenario: str) -> str:
    path = scenario.partition("::")[0]
    return _clean(path.removesuffix(".py").replace("/", "."))


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
