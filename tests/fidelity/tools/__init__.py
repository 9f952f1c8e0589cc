"""The tools: how each is started, which version it is, and how it is used."""
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Callable

FOLDER = Path(__file__).resolve().parent


@dataclass
class Tool:
    key: str
    name: str
    # (address of the WSDL, file of jobs, a folder for its own files) → the command.
    command: Callable
    # The installed version, or None.
    version: Callable
    # How it is used, in a sentence.
    mode: str


def all_tools(root, castile):
    foreign = Path(os.environ.get('CASTILE_FOREIGN', root / 'target/foreign'))
    python, modules = foreign / 'py/bin/python', foreign / 'npm/node_modules'

    def package(name):
        def version():
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                return None
        return version

    def module(name):
        def version():
            about = modules / name / 'package.json'
            return json.loads(about.read_text())['version'] if about.exists() and shutil.which('node') else None
        return version

    def py(script, *more):
        return lambda wsdl, jobs, scratch: [python, FOLDER / script, wsdl, jobs, *(m(scratch) if callable(m) else m for m in more)]

    def node(script):
        return lambda wsdl, jobs, scratch: ['node', FOLDER / script, wsdl, jobs, modules]

    def castile_version():
        if not Path(castile).exists():
            return None
        return subprocess.run([castile, '--version'], capture_output=True, text=True).stdout.split()[-1]

    def php_version():
        if not shutil.which('php'):
            return None
        said = subprocess.run(['php', '-r', 'echo extension_loaded("soap") ? PHP_VERSION : "";'], capture_output=True, text=True).stdout
        return said or None

    def jaxws_version():
        jars = list(Path('/usr/share/java').glob('jaxws-rt-*.jar'))
        return jars[0].stem.rpartition('-')[2] if jars and shutil.which('javac') else None

    return [
        Tool('castile', 'Castile', py('castile.py', castile, str), castile_version,
             'imported with `castile import`, served, called with JSON'),
        Tool('zeep', 'zeep', py('zeep_tool.py'), package('zeep'), '`Client.service` with `strict=False`, its own objects; types by `get_type`, nil by `xsd.Nil`'),
        Tool('suds', 'suds-community', py('suds_tool.py'), package('suds-community'), '`Client.service`, its own objects; types by `factory.create`'),
        Tool('node_soap', 'node-soap', node('node_soap.js'), module('soap'), '`createClientAsync` with `preserveWhitespace`, `handleNilAsNull` and a `customDeserializer` that keeps the text of numbers and dates'),
        Tool('strong_soap', 'strong-soap', node('strong_soap.js'), module('strong-soap'), '`soap.createClient` with its defaults; `$attributes`, `$value`'),
        Tool('php', 'PHP SoapClient', lambda wsdl, jobs, scratch: ['php', FOLDER / 'php_soap.php', wsdl, jobs], php_version,
             'a class map for derived types, `SOAP_SINGLE_ELEMENT_ARRAYS`; `SoapVar` for types and markup'),
        Tool('jaxws', 'JAX-WS RI', py('jaxws.py', str), jaxws_version, 'classes from `wsimport` (no wrapper style, additional headers), called through the generated port'),
        Tool('xmlschema', 'xmlschema', py('xmlschema_tool.py'), package('xmlschema'),
             '`to_dict` and `encode` by the schemas of the WSDL, with Decimals and `cdata_prefix`'),
        Tool('xmltodict', 'xmltodict', py('xmltodict_tool.py'), package('xmltodict'), 'no schema: `parse` with namespaces resolved, `unparse`'),
        Tool('fast_xml_parser', 'fast-xml-parser', node('fast_xml_parser.js'), module('fast-xml-parser'),
             'no schema: `XMLParser` with attributes, values as text, nothing trimmed; `XMLBuilder` (`preserveOrder`, which gives a tree of nodes, is not used)'),
        Tool('xml2js', 'xml2js', node('xml2js.js'), module('xml2js'), 'no schema: `parseStringPromise` with its defaults, `Builder`'),
    ]
