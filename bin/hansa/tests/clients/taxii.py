"""Reads a published STIX bundle back from an operator with the real TAXII client.

usage: taxii.py <discovery url> <user> <password file> <bundle.json>
Prints one JSON document; fails if any object is missing or differs.
"""

import json
import sys

from taxii2client.v21 import Server, as_pages

discovery, user, password_file, bundle = sys.argv[1:]
with open(password_file, encoding="utf-8") as file:
    password = file.read().strip()
with open(bundle, encoding="utf-8") as file:
    expected = {object["id"]: object for object in json.load(file)["objects"]}

server = Server(discovery, user=user, password=password)
[root] = server.api_roots
everything = next(collection for collection in root.collections if collection.alias == "all")

found = {}
pages = 0
for page in as_pages(everything.get_objects, per_request=1000):
    pages += 1
    for object in page.get("objects", []):
        assert object["id"] not in found, f"{object['id']} came twice"
        found[object["id"]] = object

different = [id for id, object in expected.items() if found.get(id) != object]
assert not different, f"{len(different)} objects are missing or differ, first {different[0]}"
print(json.dumps({"pages": pages, "objects": len(found), "identical": len(expected)}))
