"""A Python client that openapi-generator made calls every operation of its document that has an example, and checks what comes back.

  generated_client.py CLIENT_FOLDER DOCUMENT

The gateway's address is the one that the client has from the document. The request is made from the generated classes, the answer is an object of the generated classes; both must say what the document's
examples say. Prints how many calls there were.
"""
import enum, importlib, inspect, json, sys, typing
from pathlib import Path

# Operations of a service that are called.
LIMIT = 25


def models(hint):
    """The generated classes that an annotation names."""
    if isinstance(hint, type) and hasattr(hint, 'from_dict'):
        return [hint]
    return [m for part in typing.get_args(hint) for m in models(part)]


def typed(hint, value):
    """A value of the generated classes, from JSON."""
    found = models(hint)
    if not found:
        return value
    if isinstance(value, list):
        return [found[0].from_dict(item) for item in value]
    return found[0].from_dict(value)


def plain(value):
    """JSON again."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.to_dict() if hasattr(value, 'to_dict') else value


def same(one, other):
    """Equal but for how numbers are written and for nulls, which generated classes leave out."""
    if isinstance(one, enum.Enum):
        one = one.value
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {k for d in (one, other) for k, v in d.items() if v is not None}
        return all(k in one and k in other and same(one[k], other[k]) for k in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return str(one) == str(other)


def operations(document):
    for path, item in document['paths'].items():
        for method, operation in item.items():
            yield path, method, operation


def body_of(message):
    return message.get('content', {}).get('application/json', {})


def call(api, operation, method):
    hints = typing.get_type_hints(method)
    arguments = {}
    for parameter in operation.get('parameters', []):
        if 'example' in parameter:
            arguments[parameter['name']] = parameter['example']
    if 'requestBody' in operation:
        example = body_of(operation['requestBody'])['example']
        name = next(n for n in inspect.signature(method).parameters if n not in ('self', *arguments))
        arguments[name] = typed(hints[name], example)
        sent = plain(arguments[name])
        if not same(sent, example):
            raise ValueError(f'the classes say {json.dumps(sent)[:600]} of {json.dumps(example)[:600]}')
    answer = method(**arguments)
    success = next(r for status, r in operation['responses'].items() if status.startswith('2'))
    expected = body_of(success).get('example')
    if expected is None:
        return
    if models(hints['return']) and not isinstance(answer, (tuple(models(hints['return'])), list)):
        raise ValueError(f'the answer is a {type(answer)}')
    got = plain(answer)
    if not same(got, expected):
        raise ValueError(f'the answer says {json.dumps(got, default=str)[:600]} where {json.dumps(expected)[:600]} came')


def main(folder, document):
    sys.path.insert(0, folder)
    client = importlib.import_module('openapi_client')
    document = json.loads(Path(document).read_text())
    api_client = client.ApiClient(client.Configuration())
    methods = {}
    for name, api in vars(client).items():
        if name.endswith('Api') and inspect.isclass(api):
            instance = api(api_client)
            methods.update({m: getattr(instance, m) for m in dir(instance) if not m.startswith('_')})
    names = {squeezed(m): m for m in methods if not m.endswith(('_with_http_info', '_without_preload_content'))}
    calls, wrong = 0, []
    for path, _, operation in list(operations(document))[:LIMIT]:
        if 'requestBody' in operation and 'example' not in body_of(operation['requestBody']):
            continue
        method = methods[names[squeezed(operation['operationId'])]]
        try:
            call(client, operation, method)
            calls += 1
        except Exception as e:  # Whatever a generated client throws is a finding.
            wrong.append(f'{path}: {type(e).__name__}: {str(e)[:1500]}')
    print(f'{calls} calls, {len(wrong)} wrong', *wrong, sep='\n')
    sys.exit(1 if wrong or not calls else 0)


def squeezed(name):
    """Without what generators change in a name."""
    return ''.join(c for c in name if c.isalnum()).lower()


if __name__ == '__main__':
    main(*sys.argv[1:])
