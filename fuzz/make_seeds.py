#!/usr/bin/env python3
"""Writes seeds/decode and seeds/encode_json from the cases of the tests.

Each case of a construct that the targets know (`SERVICES` in src/lib.rs), the envelopes of tests/properties, and, under another
service, a case of every other construct: what is not a message's own is read by the generic rules, or refused.
"""

import re
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = re.findall(r'^    "(\S+\.wsdl)",$', (Path(__file__).parent / "src/lib.rs").read_text(), re.M)
ENCODED = next(i for i, s in enumerate(SERVICES) if s.endswith("encoded.wsdl"))
TARGETS = {"decode": ("xml",), "encode_json": ("json",)}


def seed(target, service, direction, text):
    reply = 0x01 if target == "multiref" else 0x80
    first = service | (reply if direction == "response" else 0)
    folder = Path(__file__).parent / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    data = bytes([first]) + text
    (folder / sha256(data).hexdigest()[:16]).write_bytes(data)


def cases():
    """Service, direction, ending and text of every file of a case."""
    folders = [p for p in sorted((ROOT / "tests/constructs").iterdir()) if p.is_dir()]
    for number, folder in enumerate(folders):
        own = f"tests/constructs/{folder.name}/service.wsdl"
        known = own in SERVICES
        files = [f for f in sorted(folder.iterdir()) if re.fullmatch(r"\d+-.*\.(request|response)\.(xml|json)", f.name)]
        for file in files if known else files[:2]:
            _, direction, ending = file.name.rsplit(".", 2)
            yield SERVICES.index(own) if known else number % len(SERVICES), direction, ending, file.read_bytes()
    for file in sorted((ROOT / "tests/properties/envelopes").iterdir()):
        name, direction, ending = file.name.rsplit(".", 2)
        service = next(i for i, s in enumerate(SERVICES) if name.split("-")[0] in s)
        yield service, direction, ending, file.read_bytes()


for service, direction, ending, text in cases():
    for target, endings in TARGETS.items():
        if ending in endings:
            seed(target, service, direction, text)
    if ending == "xml" and (service == ENCODED or b"encodingStyle" in text or b"arrayType" in text):
        seed("multiref", 0, direction, text)
