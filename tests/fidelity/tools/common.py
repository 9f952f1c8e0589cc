"""What the Python tools share: the jobs, and how an answer is said."""
import base64
import collections
import datetime
import decimal
import json
import sys

from lxml import etree


def plain(value):
    """A value as JSON that says what its holder can read from it: digits, zones and types as Python has them."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float('inf') else str(value)
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        # A zone that is kept beside a date, as isodate and suds do, is shown too.
        return value.isoformat()
    if isinstance(value, etree.QName):
        return value.text
    if etree.iselement(value):
        return {'#markup': etree.tostring(value, encoding='unicode', with_tail=False)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, collections.deque)):
        return [plain(v) for v in value]
    return {'#class': type(value).__name__, '#text': str(value)}


class Raw(str):
    """JSON as it came: Python's own reader would not keep the digits of long decimals."""


def say(row, variant, act):
    try:
        data = act()
        text = data.replace('\n', ' ') if isinstance(data, Raw) else json.dumps(data)
        print(f'{{"row": {json.dumps(row)}, "variant": {json.dumps(variant)}, "data": {text}}}', flush=True)
    except Exception as error:
        # What a tool throws, of whatever class, is its answer.
        print(json.dumps({'row': row, 'variant': variant, 'error': f'{type(error).__name__}: {error}'}), flush=True)


def work(get, puts, jobs=None):
    """`get(row, variant)` for each reply; `puts[row]()` for each request."""
    for job in json.load(open(jobs or sys.argv[2])):
        for variant in job['variants']:
            say(job['row'], variant, lambda: get(job['row'], variant))
        if job['put']:
            put = puts.get(job['row'])
            if put is not None:
                say(job['row'], None, lambda: plain(put()) and None)
