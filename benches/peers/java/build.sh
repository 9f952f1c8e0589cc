#!/usr/bin/env bash
# build.sh OUT: the stubs of records.wsdl and the peer, from Debian's jars; OUT/classpath is what `java -cp` needs.
set -euo pipefail
cd "$(dirname "$0")"
out=$1 jars=/usr/share/java classpath=
mkdir -p "$out/stubs" "$out/classes"
for jar in jaxws-tools jaxws-rt jaxws-api jaxb-api jaxb-runtime jaxb-xjc jaxb-core jaxb-impl saaj-impl stax-ex stax2-api metro-policy woodstox-core \
  istack-commons-runtime istack-commons-tools streambuffer FastInfoset gmbal mimepull dtd-parser rngom xsom codemodel relaxngDatatype javax.activation txw2 \
  jws-api javax.xml.soap-api geronimo-annotation-1.3-spec jackson-databind jackson-core jackson-annotations jackson-module-jaxb-annotations; do
  if [ -f "$jars/$jar.jar" ]; then classpath=$classpath:$jars/$jar.jar; fi
done
for jar in "$jars"/*pfl*.jar; do classpath=$classpath:$jar; done
classpath=${classpath#:}
java -cp "$classpath" com.sun.tools.ws.WsImport -quiet -b bind.xml -s "$out/stubs" -d "$out/stubs" -Xnocompile -keep -p bench.records ../records.wsdl
javac -nowarn -cp "$classpath" -d "$out/classes" "$out"/stubs/bench/records/*.java Peer.java
echo "$classpath:$out/classes" >"$out/classpath"
