"""What the loopback server answers to each GraphQL operation of W&B's clients, 0.22 to 0.31."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from wandb_server import Server, Stored

Variables = dict[str, Any]
PAGE_SIZE = 50


def viewer(server: Server, *_: Any) -> dict[str, Any]:
    """Who the key belongs to."""
    from wandb_server import ENTITY

    person: Variables = {"id": "x", "entity": ENTITY, "username": "ann", "email": "", "flags": "{}", "admin": False}
    person["teams"] = {"edges": []}
    return {"viewer": person, "serverInfo": {"features": [], "cliVersionInfo": {"max_cli_version": "9.9.9"}}}


def probe(*_: Any) -> dict[str, Any]:
    """Which fields the server knows."""
    return {"RunType": {"fields": [{"name": "projectId"}]}, "ProjectType": {"fields": [{"name": "internalId"}]}}


def one_run(server: Server, variables: Variables, query: str) -> dict[str, Any]:
    """Everything of one run but its history."""
    run = _found(server, variables)
    return {"project": {"run": run and _fields(run, heavy=True)}}


def many_runs(server: Server, variables: Variables, query: str) -> dict[str, Any]:
    """A page of a project's runs, filtered, in the order asked."""
    asked = (variables["entity"], variables["project"])
    inside = [run for run in server.runs.values() if (run.entity, run.project) == asked]
    if not inside:
        return {"project": None}
    wanted = [run for run in inside if matches(run, json.loads(variables.get("filters") or "{}"))]
    wanted.sort(key=lambda run: run.created_at, reverse=(variables.get("order") or "+").startswith("-"))
    first = int(variables.get("cursor") or 0)
    page = wanted[first : first + (variables.get("perPage") or PAGE_SIZE)]
    heavy = "summaryMetrics" in query
    edges = [{"node": _fields(run, heavy=heavy), "cursor": str(at)} for at, run in enumerate(page, start=first + 1)]
    end = first + len(page)
    return {
        "project": {
            "internalId": "1",
            "runCount": len(wanted),
            "readOnly": False,
            "runs": {"edges": edges, "pageInfo": {"endCursor": str(end), "hasNextPage": end < len(wanted)}},
        }
    }


def matches(run: Stored, wanted: dict[str, Any]) -> bool:
    """Whether a run passes a Mongo filter."""
    known = {
        "name": run.id, "displayName": run.name, "state": run.state, "group": run.group, "tags": run.tags,
        "sweep": run.sweep, "jobType": run.job_type,
    }  # fmt: skip
    for key, value in wanted.items():
        if key in ("$and", "$or"):
            fits = (all if key == "$and" else any)(matches(run, part) for part in value)
        elif "$regex" in value if isinstance(value, dict) else False:
            fits = re.search(value["$regex"], str(known[key])) is not None
        elif isinstance(value, dict):
            fits = bool(set(value["$in"]) & set(known[key] if isinstance(known[key], list) else [known[key]]))
        else:
            fits = value in known[key] if isinstance(known[key], list) else known[key] == value
        if not fits:
            return False
    return True


def one_sweep(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """A sweep by its name; client 0.22 asks for that of each run."""
    about = {"id": "w", "name": variables["name"], "state": "FINISHED", "config": "{}", "runCount": 1}
    return {"project": {"sweep": about | {"bestLoss": None, "createdAt": "", "updatedAt": "", "displayName": None}}}


def history_keys(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The last step of a run."""
    run = _found(server, variables)
    return {"project": {"run": run and {"historyKeys": {"lastStep": run.last_step}}}}


def history_page(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Whole rows of a range of steps, as JSON text."""
    run = _found(server, variables)
    rows = run.between(variables["minStep"], variables["maxStep"]) if run else []
    most = min(variables["pageSize"], server.most_rows)
    return {"project": {"run": {"history": [json.dumps(row) for row in rows[:: max(1, -(-len(rows) // most))]]}}}


def parquet(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Where the exported part of a history is, and the steps of all that is live; both may hold a row."""
    run = _found(server, variables)
    if run is None or not run.exported:
        return {"project": {"run": {"parquetHistory": {"parquetUrls": [], "liveData": []}}}}
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, sink = run.history[: run.exported], io.BytesIO()
    names = dict.fromkeys(name for row in rows for name in row)
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), sink)
    run.files["history.parquet"] = sink.getvalue()
    url = _file(server, run, "history.parquet")["url"]
    live = [{"_step": row["_step"]} for row in run.history[run.exported - 10 :]]
    return {"project": {"run": {"parquetHistory": {"parquetUrls": [url], "liveData": live}}}}


def full_history(server: Server, variables: Variables, query: str) -> dict[str, Any]:
    """Rows or hardware events, thinned evenly to the samples asked for."""
    run = _found(server, variables)
    kind = "events" if "events" in query else "history"
    rows = (run.events if kind == "events" else run.history) if run else []
    most = variables.get("samples") or 500
    kept = range(len(rows)) if len(rows) <= most else sorted({int(at * len(rows) / most) for at in range(most)})
    return {"project": {"run": {kind: [json.dumps(rows[at]) for at in kept]}}}


def sampled_history(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Rows that have all the keys asked for, one list a spec."""
    run = _found(server, variables)
    lists = []
    for text in variables.get("specs") or [variables["spec"]]:
        spec = json.loads(text)
        rows = run.between(spec.get("minStep", 0), spec.get("maxStep", 2**62) + 1) if run else []
        full = [{key: row[key] for key in spec["keys"]} for row in rows if all(key in row for key in spec["keys"])]
        lists.append(full[: spec["samples"]])
    return {"project": {"run": {"sampledHistory": lists}}}


def run_files(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The files of a run by exact name."""
    run = _found(server, variables)
    names = [name for name in (run.files if run else ()) if name in (variables.get("fileNames") or run.files)]
    edges = [{"node": _file(server, run, name), "cursor": name} for name in names]
    page = {"endCursor": "", "hasNextPage": False}
    shown = {"fileCount": len(names), "files": {"edges": edges, "pageInfo": page}}
    return {"project": {"internalId": "1", "run": shown}}


def upsert(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The run that a real SDK starts, resumes or updates."""
    from wandb_server import ENTITY, Stored

    entity, project = variables.get("entity") or ENTITY, variables.get("project") or "uncategorized"
    known = server.runs.get((entity, project, variables["name"]))
    run = known or Stored(id=variables["name"], entity=entity, project=project, state="running", history=[])
    server.add(run)
    fields = {"displayName": "name", "groupName": "group", "jobType": "job_type"}
    fields |= {name: name for name in ("notes", "commit", "tags")}
    for asked, own in fields.items():
        if variables.get(asked) is not None:
            setattr(run, own, variables[asked])
    run.config |= json.loads(variables.get("config") or "{}")
    run.state = variables.get("state") or "running"
    where = {"id": "p", "name": project, "entity": {"id": "e", "name": entity}}
    bucket = {
        "id": run.id, "name": run.id, "displayName": run.name or run.id, "description": "", "sweepName": run.sweep,
        "config": json.dumps(run.config), "project": where, "historyLineCount": len(run.history),
    }  # fmt: skip
    return {"upsertBucket": {"bucket": bucket, "inserted": known is None}}


def resume_status(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Where a run that is taken up again stands."""
    run = server.runs.get((variables["entity"], variables["project"], variables["name"]))
    entity = {"id": "e", "name": variables["entity"]}
    model: Variables = {"id": "p", "name": variables["project"], "entity": entity, "bucket": None}
    if run is not None:
        model["bucket"] = {
            "id": run.id, "name": run.id, "displayName": run.name, "logLineCount": 0,
            "summaryMetrics": json.dumps(run.summary),
            "historyLineCount": len(run.history), "eventsLineCount": len(run.events), "config": json.dumps(run.config),
            "historyTail": json.dumps([json.dumps(row) for row in run.history[-1:]]),
            "eventsTail": json.dumps([json.dumps(row) for row in run.events[-1:]]),
            "tags": run.tags, "notes": run.notes, "wandbConfig": json.dumps({"t": 1}),
        }  # fmt: skip
    return {"model": model}


def create_files(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Where a run's files are put."""
    run = server.runs[variables["entity"], variables["project"], variables["run"]]
    files = [{"name": name, "uploadUrl": _file(server, run, name)["url"]} for name in variables["files"]]
    return {"createRunFiles": {"runID": run.id, "uploadHeaders": [], "files": files}}


def create_artifact(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """A new version of an artifact, in the order they came."""
    asked = variables.get("input", variables)
    run = server.runs[asked["entityName"], asked["projectName"], asked["runName"]]
    (collection,) = asked.get("artifactCollectionNames") or [asked["artifactCollectionName"]]
    version = sum(item["collection"] == collection for item in run.artifacts)
    made = {"id": f"{run.id}-artifact-{len(run.artifacts)}", "collection": collection, "version": version}
    made["asked"] = asked
    run.artifacts.append(made | {"committed": False, "run": run})
    sequence = {"id": "s", "name": collection, "latestArtifact": None}
    return {"createArtifact": {"artifact": {"id": made["id"], "state": "PENDING", "artifactSequence": sequence}}}


def create_manifest(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Where an artifact's list of files is put."""
    run = server.runs[variables["entityName"], variables["projectName"], variables["runName"]]
    name = f"artifacts/{hashlib.md5(variables['digest'].encode()).hexdigest()}.json"
    made = {"id": "m", "file": {"id": "f", "uploadUrl": _file(server, run, name)["url"], "uploadHeaders": []}}
    return {"createArtifactManifest": {"artifactManifest": made}}


def update_manifest(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The final list of files of an artifact."""
    run = next(iter(server.runs.values()))
    url = _file(server, run, "artifacts/manifest.json")["url"]
    made = {"id": "m", "file": {"id": "f", "uploadUrl": url, "uploadHeaders": []}}
    return {"updateArtifactManifest": {"artifactManifest": made}}


def create_artifact_files(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Where the files of an artifact are put."""
    edges = []
    for spec in variables.get("input", variables)["artifactFiles"]:  # client 0.22 gives them bare
        item = _artifact(server, spec["artifactID"])
        path = f"artifacts/v{item['version']}/{spec['name']}"
        url = _file(server, item["run"], path)["url"]
        node = {"storagePath": path, "uploadUrl": url, "uploadHeaders": [], "uploadMultipartUrls": None}
        edges.append({"node": node | {"artifact": {"id": spec["artifactID"]}}})
    return {"createArtifactFiles": {"files": {"edges": edges}}}


def commit_artifact(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The artifact is whole."""
    item = _artifact(server, variables["artifactID"])
    item["committed"] = True
    return {"commitArtifact": {"artifact": {"id": item["id"], "digest": "d"}}}


def input_fields(*_: Any) -> dict[str, Any]:
    """What a mutation takes: nothing beyond what every server knows."""
    return {"TypeInfo": {"inputFields": []}}


def type_info(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """Which fields a type has; client 0.22 leaves out of its questions what isn't named here."""
    return {"__type": {"name": variables["name"], "fields": [], "inputFields": []}}


def artifact_type(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """The type of the artifact of a name, if there is one."""
    collection = str(variables.get("name")).partition(":")[0]
    made = [item for run in server.runs.values() for item in run.artifacts if item["collection"] == collection]
    kind = {"artifactType": {"name": made[0]["asked"]["artifactTypeName"]}} if made else None
    return {"project": {"artifact": kind}}


def one_artifact(server: Server, variables: Variables, *_: Any) -> dict[str, Any]:
    """A version of an artifact, as it was committed."""
    item = _artifact(server, variables["id"])
    run = item["run"]
    project: Variables = {"__typename": "Project", "id": "p", "internalId": "1", "name": run.project}
    project["entity"] = {"id": "e", "name": run.entity}
    collection = {"__typename": "ArtifactSequence", "id": "s", "name": item["collection"], "project": project}
    names = (f"v{item['version']}", "latest")
    aliases = [{"id": "a", "alias": name, "artifactCollection": collection} for name in names]
    made: Variables = {
        "__typename": "Artifact", "id": item["id"], "artifactSequence": collection, "versionIndex": item["version"],
        "artifactType": {"id": "t", "name": item["asked"]["artifactTypeName"]}, "description": None, "metadata": None,
        "ttlDurationSeconds": -1, "ttlIsInherited": True, "tags": [], "historyStep": None, "size": 1, "digest": "d",
        "state": "COMMITTED" if item["committed"] else "PENDING", "commitHash": "c", "fileCount": 1,
        "createdAt": run.created_at, "updatedAt": run.created_at, "aliases": aliases,
    }  # fmt: skip
    return {"artifact": made}


def nothing(*_: Any) -> dict[str, Any]:
    """An empty answer, which every client version takes as "not known here"."""
    return {"entity": None, "serverInfo": {"features": []}, "project": None}


def unknown(server: Server, variables: Variables, query: str) -> dict[str, Any]:
    """GraphQL's own refusal."""
    return {"errors": [{"message": f"Cannot query this: {query[:200]}"}]}


def file_stream(server: Server, path: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Rows, events and the summary that a real SDK streams."""
    _, _, entity, project, name, _ = path.split("/")
    run = server.runs[entity, project, name]
    for file, chunk in (sent.get("files") or {}).items():
        lines = [json.loads(line) for line in chunk["content"]] if fnmatchcase(file, "wandb-*") else []
        if file == "wandb-history.jsonl":
            run.history = [*run.history[: chunk["offset"]], *lines]
        elif file == "wandb-events.jsonl":
            run.events[chunk["offset"] :] = lines
        elif file == "wandb-summary.json" and lines:
            run.summary = lines[-1]
    if sent.get("complete"):
        run.state = "finished" if sent.get("exitcode", 0) == 0 else "failed"
    return {"exitcode": None, "limits": {}}


def _found(server: Server, variables: Variables) -> Stored | None:
    name = variables.get("name") or variables.get("run") or variables.get("runName")
    return server.runs.get((variables["entity"], variables["project"], str(name)))


def _artifact(server: Server, id: str) -> dict[str, Any]:
    return next(item for run in server.runs.values() for item in run.artifacts if item["id"] == id)


def _file(server: Server, run: Stored, name: str) -> dict[str, Any]:
    path = "/".join(quote(part, safe="") for part in (run.entity, run.project, run.id, name))
    url = f"{server.url}/storage/{path}"
    size = str(len(run.files.get(name, b"")))
    return {
        "id": name, "name": name, "url": url, "directUrl": url, "sizeBytes": size, "mimetype": "", "md5": "",
        "updatedAt": run.heartbeat_at,
    }  # fmt: skip


def _fields(run: Stored, *, heavy: bool) -> dict[str, Any]:
    light = {
        "id": f"storage-{run.id}", "name": run.id, "displayName": run.name or run.id, "state": run.state,
        "tags": run.tags, "notes": run.notes, "group": run.group,
        "jobType": run.job_type, "sweepName": run.sweep, "commit": run.commit,
        "createdAt": run.created_at, "heartbeatAt": run.heartbeat_at, "description": None, "readOnly": False,
        "projectId": "1",
        "historyLineCount": len(run.history) if run.line_count is None else run.line_count,
        "user": {"name": "Ann", "username": "ann"},
    }  # fmt: skip
    if not heavy:
        return light
    keys = {"lastStep": run.last_step} if run.last_step >= 0 else None
    texts = {"config": json.dumps(run.config), "summaryMetrics": json.dumps(run.summary), "systemMetrics": "{}"}
    return light | texts | {"historyKeys": keys}


Operation = Callable[["Server", Variables, str], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {
    "Viewer": viewer,
    "GetViewer": viewer,
    "GetDefaultEntity": viewer,
    "anonymous": viewer,
    "ServerInfo": viewer,
    "ServerFeaturesQuery": nothing,
    "OrganizationCoreWeaveOrganizationID": nothing,
    "ProbeRunInput": probe,
    "ProbeProjectInput": probe,
    "Run": one_run,
    "Runs": many_runs,
    "Sweep": one_sweep,
    "SweepWithRuns": one_sweep,
    "RunHistoryKeys": history_keys,
    "HistoryPage": history_page,
    "RunParquetHistory": parquet,
    "RunFullHistory": full_history,
    "RunSampledHistory": sampled_history,
    "SampledHistoryPage": sampled_history,
    "RunFiles": run_files,
    "UpsertBucket": upsert,
    "RunResumeStatus": resume_status,
    "CreateRunFiles": create_files,
    "CreateArtifact": create_artifact,
    "CreateArtifactManifest": create_manifest,
    "UpdateArtifactManifest": update_manifest,
    "CreateArtifactFiles": create_artifact_files,
    "CommitArtifact": commit_artifact,
    "InputFields": input_fields,
    "TypeInfo": type_info,
    "ArtifactByID": one_artifact,
    "ArtifactType": artifact_type,
}
