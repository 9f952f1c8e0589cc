"""Round trips of generated messages against the executable reference of the mapping.

  roundtrip.py SHARED CASTILE [--n 1] [--most 120]

Runs SHARED/oracle/roundtrip.py over the corpus and over our sample services with CASTILE as the candidate. A service with a failed
case fails the run (services of more than --most binding operations are left out, for the time they take) unless a file tests/roundtrip-later.txt names it with the construct that is not mapped yet; a service named there
that has no failed case any more fails the run too, so that the list stays true.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent


def later():
    """The services that may fail, with the reason: lines of `service: reason`."""
    found = {}
    path = HERE / 'roundtrip-later.txt'
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith('#'):
            service, _, reason = line.partition(':')
            found[service.strip()] = reason.strip()
    return found


def run(oracle, folder, castile, options):
    """The summary line and the services with failed cases, each with one of them."""
    with tempfile.TemporaryDirectory() as scratch:
        report = pathlib.Path(scratch) / 'report.json'
        command = [sys.executable, str(oracle / 'roundtrip.py'), str(folder), '--cli', str(castile), '--no-zeep', '--jobs', '2',
                   '--faults', '--n', str(options.n), '--report', str(report)]
        index = folder / 'index.json'
        if index.is_file():
            services = json.loads(index.read_text())
            command += ['--only', ','.join(n for n, s in services.items() if s.get('binding_operations', 0) <= options.most)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        lines = done.stdout.strip().splitlines()
        if not report.exists():
            sys.exit(f'{command}\n{done.stdout}\nno report')
        cases = json.loads(report.read_text())
    return lines[-1] if lines else '', failures(cases)


def failures(report):
    """service -> one failed case in words, from the oracle's report."""
    found = {}
    for service in report:
        if service.get('error'):
            found[service['service']] = service['error']
        elif service['failed']:
            case = service['failures'][0]
            found[service['service']] = f"{service['failed']} failed, first: {case['operation']} {case['direction']} {case['stage']}: {case['differs']}"
    return found


def main():
    a = argparse.ArgumentParser()
    a.add_argument('shared', type=pathlib.Path)
    a.add_argument('castile', type=pathlib.Path)
    a.add_argument('--n', type=int, default=1)
    a.add_argument('--most', type=int, default=120)
    options = a.parse_args()
    known, bad = later(), 0
    failed = {}
    for folder in (options.shared / 'corpus', HERE.parent / 'wsdl'):
        summary, found = run(options.shared / 'oracle', folder.resolve(), options.castile.resolve(), options)
        print(f'{folder.name}: {summary}')
        failed.update(found)
    for service, case in sorted(failed.items()):
        if service in known:
            print(f'  later: {service}: {known[service]}')
        else:
            bad += 1
            print(f'  FAILED: {service}: {case[:300]}')
    for service in sorted(set(known) - set(failed)):
        bad += 1
        print(f'  {service} has no failed case any more: take it out of tests/roundtrip-later.txt')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
