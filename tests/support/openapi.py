#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""openapi.py lines DIR CONTRACT: a meter with void, parked and reversed lines and two stories of one size.
openapi.py check DIR CONTRACT STREAM: asks every GET route of JSON and holds each answer against the schema that
/openapi.json has for it, problems too; a route that never answered 200 fails."""
import itertools, json, os, re, sys, urllib.error, urllib.request
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "independent"))
from forge import Agent, Key, note
from formats import hexsha

step, DIR, CONTRACT = sys.argv[1:4]
URL, TOKEN = os.environ["TALLYSTICK_URL"], os.environ["TALLYSTICK_TOKEN"]
PROVIDER = Key.load(DIR + "/provider.key")
JUNE, HOUR = 1780272000000, 3600000


def call(method, path, body=None, token=TOKEN, kind="text/plain", accept="application/json"):
    request = urllib.request.Request(URL + path, data=body, method=method, headers={"Authorization": "Bearer " + token,
        "Content-Type": kind, "Accept": accept, **({"Idempotency-Key": path} if method == "POST" else {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get_content_type(), e.read()


def must(method, path, body=None, **more):
    status, _, data = call(method, path, body, **more)
    assert status < 300, (method, path, status, data[:400])
    return data


def lines():
    origin = "tally.example/%s/c2/meter/g1" % CONTRACT
    key = Key.made(origin)
    text = ("tallystick/key/v1\ncontract {}\norigin {}\nvkey {}\nside provider\nscope clusters c2\nscope resources n\nscope skus -\n"
        "window 86400000\nactive {} -\nfrom_ms {}\nprevious -\n").format(CONTRACT, origin, key.vkey, JUNE, JUNE)
    must("POST", "/v1/streams", note(text, PROVIDER, key))
    agents = [Agent(origin, key) for _ in range(2)]
    for n, a in enumerate(agents):
        a.add("g1\t%s\t%s\t%d" % (origin, hexsha(must("GET", "/v1/contracts/%s/statement" % CONTRACT, accept="text/plain")), JUNE))
        for k, resource in enumerate(("n1", "n2", "elsewhere")):
            start = JUNE + (40 + k) * 24 * HOUR
            a.add("u1\t%d\t%d\th100\t1000\t%d\ton_demand\tjob\t%s\tlab" % (start, start + HOUR, 3600000 - n, resource))
        a.add("u1\tnonsense")
        a.add("r1\t%s\t1\ttwice" % origin)
    token = json.loads(must("POST", "/v1/tokens", json.dumps({"role": "agent", "party": "colossus"}).encode(),
        kind="application/json"))["token"]
    path = "/v1/streams/%s/append" % hexsha(origin.encode())[:32]
    for n, a in enumerate(agents):
        body = b"append/v1\nold 0\nnew %d\n" % a.tree.size + a.leaf() + b"\n" + b"".join(l + b"\n" for l in a.lines)
        status, _, data = call("POST", path, body, token=token)
        assert status == (422 if n else 200), (status, data)


def deliveries():
    """A webhook that is called, in vain: nobody listens there."""
    hook = json.loads(must("POST", "/v1/webhooks", json.dumps({"url": "https://hooks.example.invalid/tally"}).encode(),
        kind="application/json", token=os.environ["LAB_TOKEN"]))
    must("POST", "/v1/webhooks/%s/test" % hook["id"], b"", kind="application/json", token=os.environ["LAB_TOKEN"])
    return hook["id"]


def check(stream):
    from jsonschema import Draft202012Validator, FormatChecker
    document = json.loads(must("GET", "/openapi.json"))
    Draft202012Validator.check_schema(document["components"]["schemas"]["Party"])
    get = lambda path: json.loads(must("GET", path))
    base, lab = "/v1/contracts/" + CONTRACT, os.environ["LAB_TOKEN"]
    meter = hexsha(("tally.example/%s/c2/meter/g1" % CONTRACT).encode())[:32]
    must("POST", base + "/journal-exports", b"{}", kind="application/json", token=lab)
    others = [c["contract"] for c in get("/v1/contracts")["data"] if c["contract"] != CONTRACT]
    values = {"contract": [CONTRACT, *others], "party": ["colossus", "lab"], "stream": [stream, meter], "period": ["2026-06",
        "2026-07"], "index": ["1", "4"], "webhook": [deliveries()], "number": [d["number"] for d in get(base + "/invoices")["data"]],
        "sha256": [s["sha256"] for s in get(base + "/statements")["data"]], "line": ["1", "9"],
        "prepayment": ["commit", "security"]}
    span = "from=2026-06-01T00:00:00Z&to=2026-08-01T00:00:00Z"
    query = {"getRevocation": ["since=2026-06-03T00:00:00Z"], "getStreamRoot": ["size=2"], "listLines": ["state=void"],
        "listStreams": ["contract=" + CONTRACT], "sumUsage": [span + "&by=" + by for by in ("hour", "day")], "getCompleteness":
        ["period=2026-06", span, span + "&limit=1"], "listJournalExports": ["book=consumer"], "diffTerms": ["", "period=2026-07"],
        "listUsage": ["", "voids=true", "limit=1"]}
    asked = answers = 0
    for path, methods in document["paths"].items():
        op = methods.get("get", {})
        content = op.get("responses", {}).get("2XX", {}).get("content", {})
        if "application/json" not in content:
            continue
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        paged = any(q["name"] == "limit" for q in op["parameters"])
        good = set()
        names = re.findall(r"\{(\w+)\}", path)
        for filled in itertools.product(*[values[n] for n in names]):
            for ask in query.get(op["operationId"], [""]) + ["limit=1"] * (paged and op["operationId"] not in query):
                url = re.sub(r"\{(\w+)\}", lambda m: filled[names.index(m[1])], path) + "?" * bool(ask) + ask
                status, kind, data = call("GET", url, token=lab if "webhook" in path else TOKEN)
                if status == 200:
                    good.add(kind)
                    answers, sample = answers + 1, json.loads(data)
                    found = list(validator.iter_errors(sample))
                    assert not found, (op["operationId"], url, [(list(e.absolute_path), e.message[:300]) for e in found[:3]])
                else:
                    problem = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
                    assert 400 <= status < 500, (url, status, data)
                    Draft202012Validator(problem).validate(json.loads(data))
        asked += 1
        assert good == {"application/json"}, (op["operationId"], path, good)
        # what is no answer: a member more, one less
        if op["operationId"] not in ("getOpenapi", "getTerms"):
            assert not validator.is_valid({**sample, "one_more": 1}), op["operationId"]
            assert not validator.is_valid({}), op["operationId"]
    print("%d operations, %d answers are as the document says" % (asked, answers))


{"lines": lambda: lines(), "check": lambda: check(sys.argv[4])}[step]()
