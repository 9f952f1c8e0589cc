"""JAX-WS: `wsimport` makes classes from the WSDL, a driver written against them is compiled with them and run.

  jaxws.py WSDL JOBS FOLDER
"""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
wsdl, jobs, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
JARS = '/usr/share/java/*'

# Plain messages (no "wrapper style"): only so do the generated methods tell nil from absent.
(folder / 'bindings.xml').write_text(f'''<bindings xmlns="http://java.sun.com/xml/ns/jaxws" wsdlLocation="{wsdl}">
  <enableWrapperStyle>false</enableWrapperStyle>
</bindings>''')
made = folder / 'made'
made.mkdir()
run = lambda *command: subprocess.run(command, check=True, stdout=sys.stderr)
run('java', '-cp', JARS, 'com.sun.tools.ws.WsImport', '-quiet', '-Xnocompile', '-XadditionalHeaders', '-b', folder / 'bindings.xml', '-d', made, wsdl)
sources = [*map(str, made.rglob('*.java')), str(HERE / 'Jaxws.java')]
run('javac', '-nowarn', '-Xlint:none', '-cp', JARS, '-d', made, *sources)
lines = subprocess.run(['java', '-cp', f'{made}:{JARS}', 'Jaxws', wsdl, jobs], stdout=subprocess.PIPE, text=True)
sys.stdout.write(lines.stdout)
sys.exit(lines.returncode)
