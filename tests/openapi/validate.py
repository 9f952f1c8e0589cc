"""Is each file a valid OpenAPI document? Its version decides which specification is asked.

  validate.py FILE...
"""
import json, sys

from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator


def main():
    bad = 0
    for path in sys.argv[1:]:
        with open(path) as file:
            document = json.load(file)
        validator = OpenAPIV30SpecValidator if document['openapi'].startswith('3.0') else OpenAPIV31SpecValidator
        for error in validator(document).iter_errors():
            bad += 1
            print(f'{path}: {"/".join(map(str, error.absolute_path))}: {error.message[:400]}')
    print(f'{len(sys.argv) - 1} documents, {bad} errors')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
