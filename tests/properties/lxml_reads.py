"""Reads what the encoder wrote with another parser: does it say the string that it was made from?

Standard input: pairs of frames (four bytes of length, big-endian, and so many bytes): an envelope and the string that it says
in eight places. An envelope of no bytes: the string was refused, so lxml must refuse it too. The last line counts.
"""

import sys

from lxml import etree

T = "{urn:t}"


def frame(stream):
    head = stream.read(4)
    return stream.read(int.from_bytes(head, "big")) if len(head) == 4 else None


def said(envelope):
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    say = etree.fromstring(envelope, parser)[-1][0]
    element, mixed, anything, more = (say.find(T + n) for n in ("element", "mixed", "anything", "more"))
    b = mixed.find(T + "b")
    return [say.get("attribute"), element.text, mixed.text, b.text, b.tail, anything.text, more.get("x"), more.text]


def disagreement(envelope, text):
    if envelope:
        try:
            found = said(envelope)
        except (etree.XMLSyntaxError, AttributeError, IndexError) as e:
            return f"{e}"
        return next((f"{f!r}" for f in found if (f or "") != text), None)
    try:
        etree.Element("e").text = text
    except ValueError:
        return None
    return "refused, but lxml takes it"


def main():
    count = wrong = 0
    while (envelope := frame(sys.stdin.buffer)) is not None:
        text = frame(sys.stdin.buffer).decode("utf-8")
        count += 1
        if found := disagreement(envelope, text):
            wrong += 1
            if wrong <= 20:
                print(f"{text!r}: {found}")
    print(f"{count} read, {wrong} disagreements")


main()
