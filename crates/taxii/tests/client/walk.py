"""Reads a league's objects with taxii2-client and prints what came as one JSON document.

Arguments: the discovery URL and the password of member alfa.
"""

import json
import sys

import requests
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

url, password = sys.argv[1:]
# The library encodes texts as Latin-1; UTF-8 bytes pass as they are.
login = {"user": b"alfa", "password": password.encode()}


def status_of(action):
    try:
        action()
    except requests.exceptions.HTTPError as error:
        assert error.response.json()["http_status"] == str(error.response.status_code)
        return error.response.status_code
    return None


server = Server(url, **login)
root = server.default
collections = {collection._raw["alias"]: collection for collection in root.collections}
everything = collections["all"]

walked = []
for page in as_pages(everything.get_objects, per_request=500):
    walked += page.get("objects", [])

# Polling as a subscriber does: by date, without cursors.
polled = []
after = None
while True:
    entries = everything.get_manifest(limit=700, added_after=after).get("objects", [])
    if not entries:
        break
    polled += everything.get_objects(limit=700, added_after=after)["objects"]
    after = entries[-1]["date_added"]

manifest = []
for page in as_pages(everything.get_manifest, per_request=1000):
    manifest += [entry["id"] for entry in page["objects"]]

families = 0
for alias, collection in collections.items():
    if alias not in ("all", "alerts"):
        for page in as_pages(collection.get_objects):
            families += len(page.get("objects", []))

first = manifest[0]
assert everything.get_object(first)["objects"] == walked[:1]

print(
    json.dumps(
        {
            "walked": walked,
            "polled": polled,
            "manifest": manifest,
            "malware": len(everything.get_objects(type="malware")["objects"]),
            "families": families,
            "versions": everything.object_versions(first)["versions"],
            "errors": [
                status_of(lambda: ApiRoot(root.url).refresh()),
                status_of(lambda: requests.post(
                    everything.objects_url,
                    data="{}",
                    headers={"Content-Type": "application/taxii+json;version=2.1"},
                    auth=(login["user"], login["password"]),
                ).raise_for_status()),
                status_of(lambda: Collection(root.url + "collections/none/", **login).refresh()),
            ],
        }
    )
)
